package emulator

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"net/http"
	"strings"
)

// what is a request in words: its path without ids, and the names of what they stand for.
type what struct{ Path, Name string }

// namedBy are the queries that name an object by its id.
var namedBy = map[string]string{
	"projects":     "SELECT name FROM projects WHERE id = ?",
	"environments": "SELECT t.name || coalesce(' of ' || p.name, '') FROM environments t LEFT JOIN projects p ON p.id = t.project_id WHERE t.id = ?",
	"api-keys":     "SELECT p.name || ', ' || e.slug FROM api_keys t JOIN projects p ON p.id = t.project_id JOIN environments e ON e.id = t.environment_id WHERE t.id = ?",
	"evaluators":   "SELECT name FROM evaluators WHERE ? IN (id, slug)",
}

// about describes a request before it is carried out, since it may delete what it names.
func (e *Emulator) about(r *http.Request) what {
	if e.web == nil {
		return what{} // nobody asks, and a measurement would pay for it
	}
	about := what{Path: r.URL.Path}
	kind, id, one := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	if one && r.Method != http.MethodPost {
		about = what{"/v2/" + kind, e.nameOf(kind, id)}
	}
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		var parts []string
		for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
			if name, _, _ := strings.Cut(part, "="); name == "project_id" {
				part = "project_id=" + e.nameOf("projects", query.Get(name))
			}
			parts = append(parts, part)
		}
		about.Path += "?" + strings.Join(parts, "&")
	}
	return about.safe()
}

// nameOf returns the id itself if it stands for nothing that has a name.
func (e *Emulator) nameOf(kind, id string) (name string) {
	query, known := namedBy[kind]
	if !known {
		return id
	}
	err := e.store.transact(func(tx *sql.Tx) error { return tx.QueryRow(query, id).Scan(&name) })
	if err != nil { // there is none, or it is for a page that can do without
		return id
	}
	return name
}

// answered adds what only the answer says: the name of a new object, or why there is none.
func (e *Emulator) answered(about what, status int, body []byte) (w what, why string) {
	if e.web == nil {
		return about, ""
	}
	var object struct {
		Name, Slug, Environment, Error string
		ExternalID                     string `json:"external_id"`
		ProjectID                      string `json:"project_id"`
		OrgID                          string `json:"org_id"`
		Data                           any    // of a list
	}
	if json.Unmarshal(body, &object) != nil {
		if status >= http.StatusBadRequest {
			why, _, _ = strings.Cut(string(body), "\n")
		}
		return about, shorten(withoutKeys(why))
	}
	if about.Name == "" && object.Data == nil {
		about.Name = cmp.Or(object.Name, object.ExternalID, object.Environment, object.Slug, object.OrgID)
		switch {
		case object.Environment != "":
			about.Name = e.nameOf("projects", object.ProjectID) + ", " + object.Environment
		case object.ProjectID != "":
			about.Name += " of " + e.nameOf("projects", object.ProjectID)
		}
	}
	return about.safe(), shorten(withoutKeys(object.Error))
}

// safe masks keys, and shortens what is long.
func (w what) safe() what {
	return what{shorten(withoutKeys(w.Path)), shorten(withoutKeys(w.Name))}
}
