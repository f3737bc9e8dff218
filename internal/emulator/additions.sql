-- What came after the first data files: it is added whenever a file is opened, so that an
-- older file gets it and an older emulator can still read a newer file.

-- Which key was whose, so that the spans it is still sent with can be counted. It is as
-- little a key as in api_keys.
CREATE TABLE IF NOT EXISTS revoked_keys (
  hash           BLOB PRIMARY KEY CHECK (length(hash) = 32),
  project_id     TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  environment_id TEXT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
  spans          INTEGER NOT NULL DEFAULT 0 CHECK (spans >= 0) -- that were refused
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS revoked_keys_by_project ON revoked_keys (project_id, environment_id);
CREATE INDEX IF NOT EXISTS revoked_keys_by_environment ON revoked_keys (environment_id);

-- A key that goes with its project or environment leaves nothing to show it beside.
CREATE TRIGGER IF NOT EXISTS revoked_key_is_remembered AFTER DELETE ON api_keys
WHEN EXISTS (SELECT 1 FROM projects WHERE id = OLD.project_id)
 AND EXISTS (SELECT 1 FROM environments WHERE id = OLD.environment_id)
BEGIN
  INSERT OR IGNORE INTO revoked_keys (hash, project_id, environment_id)
  VALUES (OLD.hash, OLD.project_id, OLD.environment_id);
END;
