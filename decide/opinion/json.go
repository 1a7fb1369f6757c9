package opinion

import "encoding/json"

// MarshalJSON gives the map as data. Statements on which nobody voted are left
// out; "statements" in "axes" names those that each component's entries belong
// to. A participant with too few votes has the group null.
func (m *Map) MarshalJSON() ([]byte, error) {
	d := document{
		Participants: len(m.Participants), Grouped: m.Grouped, Votes: m.Votes, Superseded: m.Superseded,
		K: m.K, Silhouette: m.Silhouette, Silhouettes: m.Silhouettes, Sampled: m.Sampled,
		Points: make([]jsonPoint, len(m.Points)), Groups: []jsonGroup{},
		CommonGround: m.ranked(m.CommonGround), CommonNo: m.ranked(m.CommonNo),
		Divides: []jsonDivisive{}, Majority: jsonMajorities{m.majorities(m.Majority.Agree), m.majorities(m.Majority.Disagree)},
		Alike: jsonAlike(m.Alike),
	}
	d.Axes = jsonAxes{
		Statements: []string{}, Mean: []float64{}, Components: [2][]float64{{}, {}},
		Variance: m.Variance, Explained: m.Explained,
	}
	for j, n := range m.Overall {
		if n.Votes == 0 {
			continue
		}
		d.Statements++
		d.Axes.Statements = append(d.Axes.Statements, m.Statements[j].ID)
		d.Axes.Mean = append(d.Axes.Mean, m.Mean[j])
		for a := range d.Axes.Components {
			d.Axes.Components[a] = append(d.Axes.Components[a], m.Components[a][j])
		}
	}
	for i, p := range m.Points {
		d.Points[i] = jsonPoint{Participant: m.Participants[i], X: p.X, Y: p.Y}
		if p.Group >= 0 {
			d.Points[i].Group = &m.Points[i].Group
		}
	}
	for g := range m.Groups {
		d.Groups = append(d.Groups, m.group(g))
	}
	for _, v := range m.Divides {
		d.Divides = append(d.Divides, jsonDivisive{
			m.Statements[v.Statement].ID, jsonSide{v.Most, v.MostP}, jsonSide{v.Least, v.LeastP}, v.Test,
		})
	}
	for _, e := range m.Explanation {
		d.Explanation = append(d.Explanation, e.json())
	}
	return json.Marshal(d)
}

type document struct {
	Participants int            `json:"participants"`
	Grouped      int            `json:"grouped"`
	Statements   int            `json:"statements"`
	Votes        int            `json:"votes"`
	Superseded   int            `json:"superseded"`
	K            int            `json:"k"`
	Silhouette   float64        `json:"silhouette"`
	Silhouettes  []Quality      `json:"silhouettes,omitempty"`
	Sampled      int            `json:"silhouette_of,omitempty"`
	Axes         jsonAxes       `json:"axes"`
	Points       []jsonPoint    `json:"points"`
	Groups       []jsonGroup    `json:"groups"`
	CommonGround []jsonRanked   `json:"common_ground"`
	CommonNo     []jsonRanked   `json:"common_rejection"`
	Divides      []jsonDivisive `json:"divides"`
	Majority     jsonMajorities `json:"majority"`
	Alike        jsonAlike      `json:"voted_alike"`
	Explanation  []jsonMessage  `json:"explanation"`
}

type jsonAxes struct {
	Statements []string     `json:"statements"`
	Mean       []float64    `json:"mean"`
	Components [2][]float64 `json:"components"`
	Variance   [2]float64   `json:"variance"`
	Explained  [2]float64   `json:"explained"`
}

type jsonPoint struct {
	Participant string  `json:"participant"`
	X           float64 `json:"x"`
	Y           float64 `json:"y"`
	Group       *int    `json:"group"`
}

type jsonGroup struct {
	ID             int                  `json:"id"`
	Size           int                  `json:"size"`
	X              float64              `json:"x"`
	Y              float64              `json:"y"`
	Representative []jsonRepresentative `json:"representative"`
}

type jsonRepresentative struct {
	Statement   string  `json:"statement"`
	For         string  `json:"for"`
	P           float64 `json:"p"`
	Success     int     `json:"success"`
	Votes       int     `json:"votes"`
	PTest       float64 `json:"p_test"`
	Repness     float64 `json:"repness"`
	RepnessTest float64 `json:"repness_test"`
}

type jsonRanked struct {
	Statement string  `json:"statement"`
	Value     float64 `json:"value"`
}

type jsonSide struct {
	Group int     `json:"group"`
	P     float64 `json:"p"`
}

type jsonDivisive struct {
	Statement string   `json:"statement"`
	Most      jsonSide `json:"most"`
	Least     jsonSide `json:"least"`
	Test      float64  `json:"test"`
}

type jsonMajorities struct {
	Agree    []jsonMajority `json:"agree"`
	Disagree []jsonMajority `json:"disagree"`
}

type jsonMajority struct {
	Statement string  `json:"statement"`
	Success   int     `json:"success"`
	Votes     int     `json:"votes"`
	P         float64 `json:"p"`
	Test      float64 `json:"p_test"`
}

type jsonAlike struct {
	Voters  int `json:"voters"`
	Sets    int `json:"sets"`
	Largest int `json:"largest"`
}

type jsonMessage struct {
	Key   string         `json:"key"`
	Count *int           `json:"count,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

func (s Message) json() jsonMessage {
	out := jsonMessage{Key: s.Key}
	if s.Count >= 0 {
		out.Count = &s.Count
	}
	for i := 0; i+1 < len(s.Args); i += 2 {
		if out.Args == nil {
			out.Args = map[string]any{}
		}
		out.Args[s.Args[i].(string)] = s.Args[i+1]
	}
	return out
}

func (m *Map) group(g int) jsonGroup {
	from := m.Groups[g]
	out := jsonGroup{ID: g, Size: from.Size, X: from.X, Y: from.Y, Representative: []jsonRepresentative{}}
	for _, r := range from.Representative {
		out.Representative = append(out.Representative, jsonRepresentative{
			Statement: m.Statements[r.Statement].ID, For: r.For.String(), P: r.P, Success: r.Success, Votes: r.Votes,
			PTest: r.PTest, Repness: r.Repness, RepnessTest: r.RepnessTest,
		})
	}
	return out
}

func (m *Map) ranked(from []Ranked) []jsonRanked {
	out := make([]jsonRanked, 0, len(from))
	for _, r := range from {
		out = append(out, jsonRanked{m.Statements[r.Statement].ID, r.Value})
	}
	return out
}

func (m *Map) majorities(from []Majority) []jsonMajority {
	out := make([]jsonMajority, 0, len(from))
	for _, v := range from {
		out = append(out, jsonMajority{m.Statements[v.Statement].ID, v.Success, v.Votes, v.P, v.Test})
	}
	return out
}
