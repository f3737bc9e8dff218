-- The rules of the service, held by the database itself, so that no race between
-- requests can break one. A constraint is named, and a trigger raises a word, where the
-- Go code turns its violation into an answer (see violates in store.go).

-- In clear, since each start prints it.
CREATE TABLE management_key (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  key TEXT NOT NULL
) STRICT;

CREATE TABLE projects (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of creation, never used twice
  id         TEXT NOT NULL UNIQUE DEFAULT ('c' || lower(hex(randomblob(12)))),
  name       TEXT NOT NULL UNIQUE,
  slug       TEXT NOT NULL UNIQUE CHECK (slug <> ''),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- project_id is null for an organization-level environment. The built-in ones are such.
CREATE TABLE environments (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL UNIQUE DEFAULT ('c' || lower(hex(randomblob(12)))),
  project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  slug       TEXT NOT NULL CHECK (slug <> ''),
  built_in   INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  CONSTRAINT built_in_of_the_organization CHECK (built_in = 0 OR project_id IS NULL),
  UNIQUE (project_id, slug)
) STRICT;

-- UNIQUE (project_id, slug) does not hold between rows whose project_id is null.
CREATE UNIQUE INDEX organization_environments ON environments (slug) WHERE project_id IS NULL;
CREATE INDEX environments_by_slug ON environments (slug);

-- A slug means one environment wherever it is in force. These run after the insertion, so
-- that the constraints above speak first.
CREATE TRIGGER organization_slug_unlike_any_project AFTER INSERT ON environments
WHEN NEW.project_id IS NULL AND EXISTS (
  SELECT 1 FROM environments WHERE slug = NEW.slug AND project_id IS NOT NULL)
BEGIN
  SELECT RAISE(ABORT, 'slug_of_a_project');
END;

CREATE TRIGGER project_slug_unlike_organization AFTER INSERT ON environments
WHEN NEW.project_id IS NOT NULL AND EXISTS (
  SELECT 1 FROM environments WHERE slug = NEW.slug AND project_id IS NULL)
BEGIN
  SELECT RAISE(ABORT, 'slug_of_the_organization');
END;

CREATE TRIGGER environments_stay_as_they_are BEFORE UPDATE ON environments BEGIN
  SELECT RAISE(ABORT, 'environment_changed');
END;

CREATE TRIGGER built_in_environments_stay BEFORE DELETE ON environments
WHEN OLD.built_in
BEGIN
  SELECT RAISE(ABORT, 'built_in_environment');
END;

-- Of a key only its SHA-256 is kept: nobody can read it back.
CREATE TABLE api_keys (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  id             TEXT NOT NULL UNIQUE DEFAULT ('c' || lower(hex(randomblob(12)))),
  project_id     TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  hash           BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  masked_key     TEXT NOT NULL,
  created_at     TEXT NOT NULL,
  UNIQUE (project_id, environment_id)
) STRICT;
CREATE INDEX api_keys_by_environment ON api_keys (environment_id);

CREATE TRIGGER api_key_where_in_force BEFORE INSERT ON api_keys BEGIN
  SELECT RAISE(ABORT, 'no_such_project')
  WHERE NOT EXISTS (SELECT 1 FROM projects WHERE id = NEW.project_id);
  SELECT RAISE(ABORT, 'environment_not_in_force')
  WHERE NOT EXISTS (
    SELECT 1 FROM environments
    WHERE id = NEW.environment_id AND (project_id IS NULL OR project_id = NEW.project_id));
END;

CREATE TRIGGER api_keys_stay_as_they_are BEFORE UPDATE ON api_keys BEGIN
  SELECT RAISE(ABORT, 'api_key_changed');
END;

-- The traces themselves are not kept, only how many spans were accepted from where.
CREATE TABLE traces (
  project_id     TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  spans          INTEGER NOT NULL CHECK (spans >= 0),
  PRIMARY KEY (project_id, environment_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX traces_by_environment ON traces (environment_id);

-- First answers by Idempotency-Key. An answer that held a key is not kept: it is null.
CREATE TABLE first_answers (
  idempotency_key TEXT PRIMARY KEY,
  operation       TEXT NOT NULL,
  body_hash       BLOB NOT NULL,
  status          INTEGER NOT NULL,
  answer          TEXT CHECK (answer IS NULL OR json_valid(answer))
) STRICT, WITHOUT ROWID;

-- Which key was whose, so that the spans it is still sent with can be counted. It is as
-- little a key as in api_keys.
CREATE TABLE revoked_keys (
  hash           BLOB PRIMARY KEY CHECK (length(hash) = 32),
  project_id     TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  spans          INTEGER NOT NULL DEFAULT 0 CHECK (spans >= 0) -- that were refused
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_keys_by_project ON revoked_keys (project_id, environment_id);
CREATE INDEX revoked_keys_by_environment ON revoked_keys (environment_id);

-- A key that goes with its project or environment leaves nothing to show it beside.
CREATE TRIGGER revoked_key_is_remembered AFTER DELETE ON api_keys
WHEN EXISTS (SELECT 1 FROM projects WHERE id = OLD.project_id)
 AND EXISTS (SELECT 1 FROM environments WHERE id = OLD.environment_id)
BEGIN
  INSERT OR IGNORE INTO revoked_keys (hash, project_id, environment_id)
  VALUES (OLD.hash, OLD.project_id, OLD.environment_id);
END;
