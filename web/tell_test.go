package web

import (
	"net/http"
	"strings"
	"testing"

	"translocal/blueprint"
	"translocal/place"
)

// A stranger tells of a clause; a keeper finds it where work waits, and makes a warning of it.
func TestTellAndWarn(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	k := s.publish(passages("The council ends new gas."))
	v, err := s.server.Blueprints.Read(t.Context(), place.Viewer{}, k)
	if err != nil {
		t.Fatal(err)
	}
	id := v.Clauses[0].ID
	stranger, keeper := s.browser(place.Viewer{}), s.browser(s.keeper)
	form := stranger.get(tellAt(k.ID, id), http.StatusOK)
	if !strings.Contains(form, "A motion on gas") || !strings.Contains(form, "It goes to Rio") {
		t.Error(form)
	}
	tale := []string{"version", k.ID, "clause", id, "about", "New gas", "text", "No <money> was given.", "cited", "Minutes of May", "contact", "at the market"}
	if bad, _ := stranger.post("/tell", http.StatusUnprocessableEntity, append(tale, "happened", "long ago")...); !strings.Contains(bad, "f-happened-fault") || !strings.Contains(bad, "at the market") {
		t.Error(bad)
	}
	if thanks, at := stranger.post("/tell", http.StatusOK, tale...); !strings.Contains(thanks, "Thank you.") || !strings.HasSuffix(at, "/check-draft") {
		t.Error(at, thanks)
	}
	of := s.server.path(s.place.ID)
	if work := keeper.get(of+"/work", http.StatusOK); !strings.Contains(work, "Somebody told") {
		t.Error(work)
	}
	list := keeper.get(of+"/told", http.StatusOK)
	told, err := s.server.Blueprints.ToldTo(t.Context(), s.keeper, s.place.Stream)
	if err != nil || len(told) != 1 || !strings.Contains(list, "at the market") {
		t.Fatal(told, err, list)
	}
	prefilled := keeper.get(s.server.path(k.ID)+"/clause/"+id+"?told="+told[0].ID+"&place="+string(s.place.Stream), http.StatusOK)
	if !strings.Contains(prefilled, ">No <money> was given.</textarea>") || !strings.Contains(prefilled, "Minutes of May") || strings.Contains(prefilled, "at the market") {
		t.Error(prefilled)
	}
	keeper.post("/warn", http.StatusOK, "place", string(s.place.Stream), "version", k.ID, "clause", id, "kind", "unfunded", "text", "No money was given.", "cited", "Minutes of May", "told", told[0].ID)
	if rest := keeper.get(of+"/told", http.StatusOK); !strings.Contains(rest, "Nobody has told anything") {
		t.Error(rest)
	}
	if list, err := s.server.Blueprints.WarningsOn(t.Context(), place.Viewer{}, id); err != nil || len(list) != 1 || list[0].Kind != blueprint.WarningKind("unfunded") {
		t.Error(list, err)
	}
}

func tellAt(version, clause string) string { return "/tell?clause=" + clause + "&version=" + version }

// Nobody floods keepers: one address may write a few times, by page and API together.
func TestTellIsSeldom(t *testing.T) {
	t.Parallel()
	s := openTextSite(t)
	b := s.browser(place.Viewer{})
	fields := []string{"place", string(s.place.Stream), "about", "A clause", "text", "It was ignored."}
	for range tellBurst {
		b.post("/tell", http.StatusOK, fields...)
	}
	b.post("/tell", http.StatusTooManyRequests, fields...)
	r, err := http.Post(s.URL+"/api/v1/told", "application/json", strings.NewReader(`{"place":"`+string(s.place.Stream)+`","about":"A clause","text":"It was ignored."}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusTooManyRequests {
		t.Error(r.StatusCode)
	}
	if list, err := s.server.Blueprints.ToldTo(t.Context(), s.keeper, s.place.Stream); err != nil || len(list) != tellBurst {
		t.Error(len(list), err)
	}
}
