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
	}, evaluatorColumns+", (SELECT COUNT(*) FROM setups s, json_each(s.evaluators) v WHERE v.value = t.slug)", "FROM evaluators t WHERE true")
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
	rows := make([]setupRow, len(stored))
	for i, setup := range e.shown(stored) {
		rows[i] = setupRow{setup, stored[i].environmentName}
	}
	return rows, nil
}
