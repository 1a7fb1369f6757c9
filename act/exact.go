package act

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

var (
	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
	namesOf    sync.Map // of reflect.Type: map[string]reflect.Type
)

// exact refuses a document in which a member is named in another case than t
// names it: encoding/json takes "Name" for "name", and other readers don't, so
// that one signature would stand under two meanings. The document was decoded
// into t before.
func exact(b []byte, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if p := reflect.PointerTo(t); p.Implements(jsonReader) || p.Implements(textReader) {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		if plain(t.Elem()) {
			return nil
		}
		var list []json.RawMessage
		if json.Unmarshal(b, &list) != nil {
			return nil // null, or bytes in base64
		}
		for _, x := range list {
			if err := exact(x, t.Elem()); err != nil {
				return err
			}
		}
	case reflect.Map, reflect.Struct:
		return exactMembers(b, t)
	}
	return nil
}

func exactMembers(b []byte, t reflect.Type) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	var names map[string]reflect.Type
	if t.Kind() == reflect.Struct {
		names = memberNames(t)
	}
	for k, raw := range m {
		of, ok := names[k]
		if t.Kind() == reflect.Map {
			of, ok = t.Elem(), true
		}
		if !ok {
			return fmt.Errorf("unknown member %q", k)
		}
		if plain(of) {
			continue
		}
		if err := exact(raw, of); err != nil {
			return err
		}
	}
	return nil
}

// plain tells whether values of a type have no members.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array, reflect.Pointer, reflect.Interface:
		return t.Kind() == reflect.Interface
	}
	return true
}

// memberNames are the names under which a struct stands in JSON, those of
// embedded structs among them.
func memberNames(t reflect.Type) map[string]reflect.Type {
	if known, ok := namesOf.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	names := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		of := f.Type
		for of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		switch {
		case name == "-":
		case f.Anonymous && name == "" && of.Kind() == reflect.Struct:
			for k, x := range memberNames(of) {
				if _, ok := names[k]; !ok {
					names[k] = x
				}
			}
		case !f.IsExported():
		case name == "":
			names[f.Name] = f.Type
		default:
			names[name] = f.Type
		}
	}
	namesOf.Store(t, names)
	return names
}
