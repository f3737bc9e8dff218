package emulator

import (
	"database/sql"
)

// evaluatorRow is one of the organization's own evaluators on its page.
type evaluatorRow struct {
	Evaluator
	Setups int // that use it
}

func readEvaluatorRows(tx *sql.Tx, pages *pages) ([]evaluatorRow, error) {
	return readRows(tx, pages, func(scan row) (v evaluatorRow, err error) {
		v.Evaluator, err = scanEvaluator(func(columns ...any) error { return scan(append(columns, &v.Setups)...) })
		return v, err
	}, evaluatorColumns+", (SELECT COUNT(*) FROM setup_evaluators s WHERE s.slug = t.slug)", "FROM evaluators t WHERE true")
}

// setupRow is an auto monitor setup on the page of its project.
type setupRow struct {
	Setup
	Environment string
}

// readSetupRows reads one page of a project's setups, with their statuses.
func (e *Emulator) readSetupRows(tx *sql.Tx, project string, pages *pages) ([]setupRow, error) {
	if err := tx.QueryRow("SELECT COUNT(*) FROM setups WHERE project_id = ?", project).Scan(&pages.Total); err != nil {
		return nil, err
	}
	pages.Page = min(pages.Page, pages.Count())
	stored, err := readSetups(tx, "t.id IN (SELECT id FROM setups WHERE project_id = ? ORDER BY seq LIMIT ? OFFSET ?)",
		project, pages.Size, (pages.Page-1)*pages.Size)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	err = each(tx, "SELECT p.id, e.name FROM env_projects p JOIN environments e ON e.id = p.environment_id WHERE p.project_id = ?", []any{project}, func(scan row) error {
		var id, name string
		err := scan(&id, &name)
		names[id] = name
		return err
	})
	rows := make([]setupRow, len(stored))
	for i, setup := range e.shown(stored) {
		rows[i] = setupRow{setup, names[setup.EnvProjectID]}
	}
	return rows, err
}
