package emulator

import "testing"

// What no operation tries, the database refuses too, whatever the Go code does. The other constraints are those
// of TestRefusals.
func TestSchemaHoldsTheRules(t *testing.T) {
	t.Parallel()
	store, err := openStore("", "", &Seed{Projects: []SeedProject{
		{Name: "A", ID: "a", Environments: []SeedEnvironment{{Name: "Own", ID: "own"}}, APIKeys: []SeedAPIKey{{Environment: "own"}}, Setups: []SeedSetup{
			{Environment: "dev", EnvProjectID: "dev", ExternalID: "x", Evaluators: []string{"char-count"}},
		}},
		{Name: "B", ID: "b"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	const (
		key   = "INSERT INTO api_keys (project_id, environment_id, hash, masked_key, created_at) VALUES "
		setup = "INSERT INTO setups (env_project_id, project_id, external_id, evaluators, rules, begun_at, created_at, updated_at) VALUES "
	)
	for statement, constraint := range map[string]string{
		"UPDATE environments SET name = 'x' WHERE id = 'own'":                                                   "environment_changed",
		"UPDATE environments SET project_id = 'b' WHERE id = 'own'":                                             "environment_changed",
		"DELETE FROM environments":                                                                              "built_in_environment",
		"INSERT INTO environments (project_id, name, slug, built_in, created_at) VALUES ('b', 'x', 'x', 1, '')": "built_in_of_the_organization",
		"UPDATE api_keys SET environment_id = 'x'":                                                              "api_key_changed",
		key + "('b', 'own', randomblob(32), '', '')":                                                            "environment_not_in_force",
		key + "('a', 'own', 'tl_abc', '', '')":                                                                  "api_keys.hash",
		"UPDATE setups SET external_id = 'z'":                                                                   "setup_moved",
		setup + "('dev', 'a', 'y/z', '[]', '[]', '', '', '')":                                                   "setup_external_id",
		setup + "('dev', 'b', 'y', '[]', '[]', '', '', '')":                                                     "FOREIGN KEY", // another project's place
		setup + "('dev', 'a', 'x', '[]', '[]', '', '', '')":                                                     "setups.external_id",
	} {
		if _, err := store.db.Exec(statement); !violates(err, constraint) {
			t.Errorf("%s: %v, want a violation of %s", statement, err, constraint)
		}
	}
}
