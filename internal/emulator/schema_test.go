package emulator

import "testing"

// The rules hold against the database itself, whatever the Go code does.
func TestSchemaHoldsTheRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, statement, violates string }{
		{"project name twice", `INSERT INTO projects (name, slug, created_at, updated_at) VALUES ('A', 'other', '', '')`, "projects.name"},
		{"project slug twice", `INSERT INTO projects (name, slug, created_at, updated_at) VALUES ('other', 'a', '', '')`, "projects.slug"},
		{"renamed environment", `UPDATE environments SET name = 'x' WHERE slug = 'own'`, "environment_changed"},
		{"moved environment", `UPDATE environments SET project_id = 'b' WHERE slug = 'own'`, "environment_changed"},
		{"built-in environment deleted", `DELETE FROM environments WHERE slug = 'dev'`, "built_in_environment"},
		{"every environment deleted", `DELETE FROM environments`, "built_in_environment"},
		{"second dev", `INSERT INTO environments (name, slug, built_in, created_at) VALUES ('dev', 'dev', 1, '')`, "environments.slug"},
		{"dev that is not built in", `INSERT INTO environments (project_id, name, slug, created_at) VALUES ('a', 'dev', 'dev', '')`, "slug_of_the_organization"},
		{"built-in in a project", `INSERT INTO environments (project_id, name, slug, built_in, created_at) VALUES ('a', 'dev', 'dev', 1, '')`, "built_in_of_the_organization"},
		{"slug of the organization twice", `INSERT INTO environments (name, slug, created_at) VALUES ('x', 'shared', '')`, "environments.slug"},
		{"slug of the organization in a project", `INSERT INTO environments (project_id, name, slug, created_at) VALUES ('a', 'x', 'shared', '')`, "slug_of_the_organization"},
		{"slug of a project in the organization", `INSERT INTO environments (name, slug, created_at) VALUES ('x', 'own', '')`, "slug_of_a_project"},
		{"environment of no project", `INSERT INTO environments (project_id, name, slug, created_at) VALUES ('none', 'x', 'x', '')`, "FOREIGN KEY"},
		{"second key", `INSERT INTO api_keys (project_id, environment_id, hash, masked_key, created_at) VALUES ('a', 'own', randomblob(32), '', '')`, "api_keys.environment_id"},
		{"key of another project's environment", `INSERT INTO api_keys (project_id, environment_id, hash, masked_key, created_at) VALUES ('b', 'own', randomblob(32), '', '')`, "environment_not_in_force"},
		{"key of no project", `INSERT INTO api_keys (project_id, environment_id, hash, masked_key, created_at) VALUES ('none', 'own', randomblob(32), '', '')`, "no_such_project"},
		{"key in clear", `INSERT INTO api_keys (project_id, environment_id, hash, masked_key, created_at) VALUES ('a', 'shared', 'tl_abc', '', '')`, "api_keys.hash"},
		{"external id twice", `INSERT INTO setups (env_project_id, project_id, external_id, evaluators, rules, begun_at, created_at, updated_at) VALUES ('dev', 'a', 'x', '[]', '[]', '', '', '')`, "setups.external_id"},
		{"no external id", `INSERT INTO setups (env_project_id, project_id, external_id, evaluators, rules, begun_at, created_at, updated_at) VALUES ('dev', 'a', '', '[]', '[]', '', '', '')`, "setup_external_id"},
		{"external id of a path", `INSERT INTO setups (env_project_id, project_id, external_id, evaluators, rules, begun_at, created_at, updated_at) VALUES ('dev', 'a', 'y/z', '[]', '[]', '', '', '')`, "setup_external_id"},
		{"setup of no place", `INSERT INTO setups (env_project_id, project_id, external_id, evaluators, rules, begun_at, created_at, updated_at) VALUES ('none', 'a', 'y', '[]', '[]', '', '', '')`, "FOREIGN KEY"},
		{"setup of another project's place", `INSERT INTO setups (env_project_id, project_id, external_id, evaluators, rules, begun_at, created_at, updated_at) VALUES ('dev', 'b', 'y', '[]', '[]', '', '', '')`, "FOREIGN KEY"},
		{"setup moved", `UPDATE setups SET external_id = 'z'`, "setup_moved"},
		{"organization's environment twice", `INSERT INTO organization_keys (organization_id, environment, hash) VALUES ('o', 'dev', randomblob(32))`, "organization_keys.environment"},
		{"key moved", `UPDATE api_keys SET environment_id = 'shared'`, "api_key_changed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store, err := openStore("", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			if _, err := store.db.Exec(`
				INSERT INTO projects (id, name, slug, created_at, updated_at) VALUES ('a', 'A', 'a', '', ''), ('b', 'B', 'b', '', '');
				INSERT INTO environments (id, project_id, name, slug, created_at) VALUES ('shared', NULL, 'Shared', 'shared', ''), ('own', 'a', 'Own', 'own', '');
				INSERT INTO api_keys (project_id, environment_id, hash, masked_key, created_at) VALUES ('a', 'own', randomblob(32), '', '');
				INSERT INTO env_projects (id, project_id, environment_id) SELECT 'dev', 'a', id FROM environments WHERE slug = 'dev';
				INSERT INTO setups (id, env_project_id, project_id, external_id, evaluators, rules, begun_at, created_at, updated_at) VALUES ('s', 'dev', 'a', 'x', '[]', '[]', '', '', '');
				INSERT INTO organizations (id, name) VALUES ('o', 'Other');
				INSERT INTO organization_keys (organization_id, environment, hash) VALUES ('o', 'dev', randomblob(32))`); err != nil {
				t.Fatal(err)
			}
			if _, err := store.db.Exec(test.statement); !violates(err, test.violates) {
				t.Errorf("%v, want a violation of %s", err, test.violates)
			}
		})
	}
}

func TestSchemaCascades(t *testing.T) {
	t.Parallel()
	store, err := openStore("", "", &Seed{Projects: []SeedProject{{
		Name: "Orders", Environments: []SeedEnvironment{{Name: "Canary"}}, APIKeys: []SeedAPIKey{{Environment: "dev"}, {Environment: "canary"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.db.Exec(`DELETE FROM projects`); err != nil {
		t.Fatal(err)
	}
	var environments, keys int
	if err := store.db.QueryRow(`SELECT (SELECT COUNT(*) FROM environments), (SELECT COUNT(*) FROM api_keys)`).Scan(&environments, &keys); err != nil || environments != 3 || keys != 0 {
		t.Errorf("%d environments and %d keys are left, want the three built-in environments: %v", environments, keys, err)
	}
}
