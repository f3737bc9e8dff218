package emulator

import (
	"database/sql"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	projectsOnPage      = 10
	rowsOfProject       = 8  // on the first page
	rowsOnPage          = 50 // on the project's page
	sharedOnPage        = 10 // organization-level environments
	namesInConfirmation = 8
)

// slot is an environment of a project, with its key.
type slot struct {
	ProjectID, Project               string
	EnvironmentID, Name, Slug, Scope string
	BuiltIn                          bool
	KeyID, MaskedKey, CreatedAt      string // empty without a key
	AcceptedSpans, RefusedSpans      int64
}

var stars = regexp.MustCompile(`\*+`)

// ShortKey is the masked key with fewer stars.
func (s slot) ShortKey() string { return stars.ReplaceAllString(s.MaskedKey, "••••") }

// projectCard is a project and some of its environments.
type projectCard struct {
	Project
	Slots []slot
	Total int // number of its environments

	SetupCount int
}

// pages is a reader's place in a list.
type pages struct {
	What, Param, Query string
	Page, Size, Total  int
}

func (p pages) First() int { return min((p.Page-1)*p.Size+1, p.Total) }
func (p pages) Last() int  { return min(p.Page*p.Size, p.Total) }
func (p pages) Count() int { return max(1, (p.Total+p.Size-1)/p.Size) }

// Link returns the address of another page, or nothing if there is no such page.
func (p pages) Link(page int) string {
	if page < 1 || page > p.Count() {
		return ""
	}
	query := url.Values{p.Param: {strconv.Itoa(page)}}
	if p.Query != "" {
		query.Set("q", p.Query)
	}
	return "?" + query.Encode()
}

// pageNumber returns the requested page, or the first one if it is not a number.
func pageNumber(r *http.Request, param string) int {
	n, _ := strconv.Atoi(r.URL.Query().Get(param))
	return min(max(n, 1), 1_000_000)
}

type organizationView struct {
	Query       string
	Projects    []projectCard
	Pages       pages
	Shared      []sharedEnvironment
	SharedPages pages
	Evaluators  []evaluatorRow
	JudgePages  pages
	Keys        int
	Unknown     int64 // exports refused since the start
}

func (p *web) organization(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query().Get("q")
	v := organizationView{
		Query:       query,
		Pages:       pages{What: "Projects", Param: "page", Query: query, Page: pageNumber(r, "page"), Size: projectsOnPage},
		SharedPages: pages{What: "Environments", Param: "environments", Page: pageNumber(r, "environments"), Size: sharedOnPage},
		JudgePages:  pages{What: "Evaluators", Param: "evaluators", Page: pageNumber(r, "evaluators"), Size: projectsOnPage},
		Unknown:     p.e.refusedTraces.Load(),
	}
	err := p.e.store.transact(func(tx *sql.Tx) (err error) {
		if err := tx.QueryRow("SELECT COUNT(*) FROM api_keys").Scan(&v.Keys); err != nil {
			return err
		}
		if v.Shared, err = sharedEnvironments.page(tx, &v.SharedPages, "t.project_id IS NULL"); err != nil {
			return err
		}
		if v.Evaluators, err = evaluatorRows.page(tx, &v.JudgePages, "true"); err != nil {
			return err
		}
		v.Projects, err = readCards(tx, &v.Pages)
		return err
	})
	if err != nil {
		return err
	}
	return p.show(w, r, http.StatusOK, "organization", view{Title: "Organization", Tab: "organization", Data: v})
}

// page reads the place of a reader in a list.
func (k kind[T]) page(tx *sql.Tx, pages *pages, where string, args ...any) ([]T, error) {
	if err := tx.QueryRow("SELECT COUNT(*)"+k.from(where), args...).Scan(&pages.Total); err != nil {
		return nil, err
	}
	pages.Page = min(pages.Page, pages.Count())
	return readAll(tx, k.scan, "SELECT "+k.columns+k.from(where)+" ORDER BY t.seq LIMIT ? OFFSET ?", append(args, pages.Size, (pages.Page-1)*pages.Size)...)
}

type sharedEnvironment struct {
	Environment
	Keys int
}

var sharedEnvironments = kind[sharedEnvironment]{
	table: environments.table, columns: environments.columns + ", (SELECT COUNT(*) FROM api_keys k WHERE k.environment_id = t.id)",
	scan: func(scan row) (v sharedEnvironment, err error) {
		v.Environment, err = environments.scan(func(columns ...any) error { return scan(append(columns, &v.Keys)...) })
		return v, err
	},
}

type evaluatorRow struct {
	Evaluator
	Setups int // that use it
}

var evaluatorRows = kind[evaluatorRow]{
	table: evaluators.table, columns: evaluators.columns + ", (SELECT COUNT(*) FROM setups s, json_each(s.evaluators) v WHERE v.value = t.slug)",
	scan: func(scan row) (v evaluatorRow, err error) {
		v.Evaluator, err = evaluators.scan(func(columns ...any) error { return scan(append(columns, &v.Setups)...) })
		return v, err
	},
}

func readCards(tx *sql.Tx, pages *pages) ([]projectCard, error) {
	found, err := projects.page(tx, pages, "instr(lower(t.name), lower(?)) > 0", pages.Query)
	cards := make([]projectCard, len(found))
	for i := range cards {
		cards[i].Project = found[i]
		if err == nil {
			err = cards[i].read(tx, rowsOfProject, 0)
		}
	}
	return cards, err
}

// read reads the environments of the project, including inherited ones.
func (c *projectCard) read(tx *sql.Tx, limit, offset int) (err error) {
	err = tx.QueryRow(`SELECT
		(SELECT COUNT(*) FROM environments WHERE project_id = ?1) + (SELECT COUNT(*) FROM environments WHERE project_id IS NULL),
		(SELECT COUNT(*) FROM setups WHERE project_id = ?1)`, c.ID).Scan(&c.Total, &c.SetupCount)
	if err != nil {
		return err
	}
	c.Slots, err = readSlots(tx, `SELECT ?1 project, id environment FROM environments WHERE project_id = ?1 OR project_id IS NULL
		ORDER BY built_in DESC, project_id IS NULL, seq LIMIT ?2 OFFSET ?3`, c.ID, limit, offset)
	return err
}

const keySlots = "SELECT project_id project, environment_id environment FROM api_keys WHERE "

// readSlots reads the slots that a query selects, by project and environment. It reads the other
// data only for these, because a project may have thousands.
func readSlots(tx *sql.Tx, selected string, args ...any) ([]slot, error) {
	return readAll(tx, func(scan row) (s slot, err error) {
		err = scan(&s.ProjectID, &s.Project, &s.EnvironmentID, &s.Name, &s.Slug, &s.Scope, &s.BuiltIn,
			&s.KeyID, &s.MaskedKey, &s.CreatedAt, &s.AcceptedSpans, &s.RefusedSpans)
		return s, err
	}, `SELECT p.id, p.name, t.id, t.name, t.slug, `+scopeColumn+`, t.built_in,
			coalesce(k.id, ''), coalesce(k.masked_key, ''), coalesce(k.created_at, ''), coalesce(s.spans, 0),
			(SELECT coalesce(SUM(v.spans), 0) FROM revoked_keys v WHERE v.project_id = p.id AND v.environment_id = t.id)
		FROM (`+selected+`) x
		CROSS JOIN projects p ON p.id = x.project -- in this order, that is
		CROSS JOIN environments t ON t.id = x.environment
		LEFT JOIN api_keys k ON k.project_id = p.id AND k.environment_id = t.id
		LEFT JOIN traces s ON s.project_id = p.id AND s.environment_id = t.id
		ORDER BY t.built_in DESC, t.project_id IS NULL, t.seq, p.seq`, args...)
}

type projectView struct {
	projectCard
	Pages      pages
	Setups     []setupRow
	SetupPages pages
}

// setupRow is an auto monitor setup on the page of its project.
type setupRow struct {
	Setup
	Environment string
}

func (p *web) project(w http.ResponseWriter, r *http.Request) error {
	v := projectView{
		Pages:      pages{What: "Environments", Param: "page", Page: pageNumber(r, "page"), Size: rowsOnPage},
		SetupPages: pages{What: "Monitors", Param: "monitors", Page: pageNumber(r, "monitors"), Size: rowsOnPage},
	}
	err := p.e.store.transact(func(tx *sql.Tx) (err error) {
		if v.Project, err = projects.byID(tx, r.PathValue("id")); err != nil {
			return err
		}
		if err := v.read(tx, v.Pages.Size, (v.Pages.Page-1)*v.Pages.Size); err != nil {
			return err
		}
		v.Pages.Total = v.Total
		stored, err := setups.page(tx, &v.SetupPages, "t.project_id = ?", v.ID)
		for i, setup := range p.e.shown(stored) {
			v.Setups = append(v.Setups, setupRow{setup, stored[i].environmentName})
		}
		return err
	})
	if err != nil {
		return err
	}
	return p.show(w, r, http.StatusOK, "project", view{Title: v.Name, Tab: "organization", Data: v})
}

// confirmation lists what a deletion also deletes.
type confirmation struct {
	Kind, Name, Action string
	Environments, Keys []slot // the first few
	EnvironmentCount   int
	KeyCount           int
	Spans              int64
	Projects           int // number of projects that have an organization-level environment
	Organization       bool
}

// confirm makes the page before a deletion, of which read reads all but what belongs to each key.
func (p *web) confirm(kind string, read func(v *confirmation, tx *sql.Tx, id string) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		id := r.PathValue("id")
		v := &confirmation{Kind: kind, Action: r.URL.EscapedPath()}
		err := p.e.store.transact(func(tx *sql.Tx) (err error) {
			if err := read(v, tx, id); err != nil {
				return err
			}
			of := kind + "_id = ?1"
			err = tx.QueryRow("SELECT (SELECT COUNT(*) FROM api_keys WHERE "+of+"), (SELECT coalesce(SUM(spans), 0) FROM traces WHERE "+of+")", id).Scan(&v.KeyCount, &v.Spans)
			if err != nil {
				return err
			}
			v.Keys, err = readSlots(tx, keySlots+of+" ORDER BY seq LIMIT ?2", id, namesInConfirmation)
			return err
		})
		if err != nil {
			return err
		}
		return p.show(w, r, http.StatusOK, "confirm", view{Title: "Delete " + kind + " " + v.Name, Tab: "organization", Back: back(r), Data: v})
	}
}

func (v *confirmation) ofProject(tx *sql.Tx, id string) error {
	project, err := projects.byID(tx, id)
	if err != nil {
		return err
	}
	v.Name = project.Name
	if err := tx.QueryRow("SELECT COUNT(*) FROM environments WHERE project_id = ?", id).Scan(&v.EnvironmentCount); err != nil {
		return err
	}
	v.Environments, err = readSlots(tx, "SELECT project_id project, id environment FROM environments WHERE project_id = ? ORDER BY seq LIMIT ?", id, namesInConfirmation)
	return err
}

func (v *confirmation) ofEnvironment(tx *sql.Tx, id string) error {
	environment, err := environments.byID(tx, id)
	switch {
	case err != nil:
		return err
	case environment.BuiltIn:
		return builtInStays()
	}
	v.Name, v.Organization = environment.Name, environment.ProjectID == nil
	return tx.QueryRow("SELECT COUNT(*) FROM projects").Scan(&v.Projects)
}

func (p *web) confirmRevokeAPIKey(w http.ResponseWriter, r *http.Request) error {
	var key slot
	err := p.e.store.transact(func(tx *sql.Tx) (err error) {
		found, err := readSlots(tx, keySlots+"id = ?", r.PathValue("id"))
		key, err = only(found, err, apiKeys.none(r.PathValue("id")))
		return err
	})
	if err != nil {
		return err
	}
	return p.show(w, r, http.StatusOK, "revoke", view{Title: "Revoke API key", Tab: "organization", Back: back(r), Data: key})
}

// form makes the handler of a form, which is an operation of the API. The path may have the id of the form's address.
func (p *web) form(method, path, notice string, names ...string) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		body := map[string]string{}
		for _, name := range names {
			if value := r.PostForm.Get(name); value != "" || name == "name" {
				body[name] = value
			}
		}
		if err := p.call(r, method, strings.ReplaceAll(path, "{id}", url.PathEscape(r.PathValue("id"))), body, nil); err != nil {
			return err
		}
		return goBack(w, r, notice)
	}
}

// generated is the data of the page that shows a key once.
type generated struct {
	GeneratedAPIKey
	Project string
	BaseURL string
}

// generateAPIKey answers without a redirect, because a second page would need a stored key.
func (p *web) generateAPIKey(w http.ResponseWriter, r *http.Request) error {
	v := generated{BaseURL: "http://" + r.Host}
	if r.TLS != nil {
		v.BaseURL = "https://" + r.Host
	}
	err := p.call(r, http.MethodPost, "/v2/api-keys",
		map[string]string{"project_id": r.PostForm.Get("project_id"), "environment": r.PostForm.Get("environment")}, &v.GeneratedAPIKey)
	if err != nil {
		return err
	}
	v.Project = p.e.nameOf("projects", v.ProjectID)
	return p.show(w, r, http.StatusOK, "key", view{Title: "API key", Tab: "organization", Back: back(r), Data: v})
}
