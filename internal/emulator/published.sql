-- What Traceloop publishes operations for. The rules are held as in schema.sql, which comes
-- first.

-- An organization has a UUID. The first one is that of the emulator's projects.
CREATE TABLE organizations (
  seq             INTEGER PRIMARY KEY AUTOINCREMENT,
  id              TEXT NOT NULL UNIQUE DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
    substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
  name            TEXT NOT NULL,
  retention_hours INTEGER -- null for the first
) STRICT;
INSERT INTO organizations (name) VALUES ('Organization of the emulator');

-- The keys of the other organizations, one for each environment, which send traces.
CREATE TABLE organization_keys (
  organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  environment     TEXT NOT NULL CHECK (environment <> ''),
  hash            BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  spans           INTEGER NOT NULL DEFAULT 0 CHECK (spans >= 0),
  PRIMARY KEY (organization_id, environment)
) STRICT, WITHOUT ROWID;

-- A project and environment, as the operations on setups name the two by one id. There is a
-- row for each that has or had a key, since only a key can ask for it.
CREATE TABLE env_projects (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  id             TEXT NOT NULL UNIQUE DEFAULT ('c' || lower(hex(randomblob(12)))),
  project_id     TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  UNIQUE (project_id, environment_id),
  UNIQUE (id, project_id) -- for setups
) STRICT;
CREATE INDEX env_projects_by_environment ON env_projects (environment_id);

CREATE TRIGGER key_names_env_project AFTER INSERT ON api_keys BEGIN
  INSERT INTO env_projects (project_id, environment_id) VALUES (NEW.project_id, NEW.environment_id)
  ON CONFLICT DO NOTHING;
END;

-- An external id is unique in the project, and an element of a path. begun_at is when the
-- setup last began to go through its statuses, by the clock of the setups, and matched
-- counts the spans since then that its rules match.
CREATE TABLE setups (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  id             TEXT NOT NULL UNIQUE DEFAULT ('c' || lower(hex(randomblob(12)))),
  env_project_id TEXT NOT NULL,
  project_id     TEXT NOT NULL,
  external_id    TEXT NOT NULL CONSTRAINT setup_external_id CHECK (
    external_id NOT IN ('', '.', '..') AND instr(external_id, '/') = 0),
  evaluators     TEXT NOT NULL CHECK (json_valid(evaluators)), -- slugs
  rules          TEXT NOT NULL CHECK (json_valid(rules)), -- of the selector: Rule.check has their rules
  begun_at       TEXT NOT NULL,
  matched        INTEGER NOT NULL DEFAULT 0 CHECK (matched >= 0),
  created_at     TEXT NOT NULL,
  updated_at     TEXT NOT NULL,
  UNIQUE (project_id, external_id),
  FOREIGN KEY (env_project_id, project_id) REFERENCES env_projects (id, project_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX setups_by_env_project ON setups (env_project_id);

CREATE TRIGGER setups_stay_where_they_are BEFORE UPDATE OF id, env_project_id, project_id, external_id, created_at ON setups BEGIN
  SELECT RAISE(ABORT, 'setup_moved');
END;

-- The organization's own evaluators: they are in no project. The definition is JSON, as the
-- API has it.
CREATE TABLE evaluators (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  id            TEXT NOT NULL UNIQUE DEFAULT ('c' || lower(hex(randomblob(12)))),
  name          TEXT NOT NULL,
  slug          TEXT NOT NULL UNIQUE CHECK (slug <> ''),
  description   TEXT NOT NULL,
  version       INTEGER NOT NULL CHECK (version > 0),
  version_id    TEXT NOT NULL DEFAULT ('c' || lower(hex(randomblob(12)))),
  definition    TEXT NOT NULL CHECK (json_valid(definition)),
  created_at    TEXT NOT NULL,
  updated_at    TEXT NOT NULL
) STRICT;

CREATE TRIGGER evaluators_stay BEFORE DELETE ON evaluators BEGIN
  SELECT RAISE(ABORT, 'evaluator_deleted'); -- no operation does that
END;
