package emulator

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"unicode/utf8"
)

// creation is the request of a POST.
type creation struct {
	operation string
	body      []byte
	secret    bool // the answer is given only once, so it is not stored
	status    int  // 201, if 0
	do        func(*sql.Tx) (any, error)
}

// create answers with the new object. With an Idempotency-Key it creates only once: the same
// transaction also stores the first answer.
func (e *Emulator) create(r *http.Request, c creation) (answer, error) {
	key, err := idempotencyKey(r)
	if err != nil {
		return answer{}, err
	}
	result := answer{status: cmp.Or(c.status, http.StatusCreated)}
	err = e.store.transact(func(tx *sql.Tx) (err error) {
		if key == "" {
			result.body, err = c.do(tx)
			return err
		}
		first, found, err := firstAnswer(tx, key, c)
		if err != nil || found {
			result = first
			return err
		}
		if result.body, err = c.do(tx); err != nil {
			return err
		}
		return keepFirstAnswer(tx, key, c, result)
	})
	return result, err
}

func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	if n := utf8.RuneCountInString(values[0]); len(values) > 1 || n < 1 || n > 255 {
		return "", refuse(http.StatusBadRequest, "Idempotency-Key must be one value of 1 to 255 characters.")
	}
	return values[0], nil
}

func firstAnswer(tx *sql.Tx, key string, c creation) (first answer, found bool, err error) {
	var operation string
	var hash []byte
	var body sql.NullString
	err = tx.QueryRow("SELECT operation, body_hash, status, answer FROM first_answers WHERE idempotency_key = ?", key).
		Scan(&operation, &hash, &first.status, &body)
	switch sum := sha256.Sum256(c.body); {
	case errors.Is(err, sql.ErrNoRows):
		return first, false, nil
	case err != nil:
		return first, false, err
	case operation != c.operation || !bytes.Equal(hash, sum[:]):
		return first, false, refuse(http.StatusBadRequest, "This Idempotency-Key was used for another request. Use a new one for each creation.")
	case !body.Valid:
		return first, false, refuse(http.StatusConflict, "This request was carried out before, and an API key is shown only once. Revoke the key if it was lost, and generate another.")
	}
	first.body = json.RawMessage(body.String)
	return first, true, nil
}

func keepFirstAnswer(tx *sql.Tx, key string, c creation, first answer) error {
	var body *string
	if !c.secret {
		data, err := json.Marshal(first.body)
		if err != nil {
			return err
		}
		body = new(string(data))
	}
	hash := sha256.Sum256(c.body)
	_, err := tx.Exec("INSERT INTO first_answers (idempotency_key, operation, body_hash, status, answer) VALUES (?, ?, ?, ?, ?)",
		key, c.operation, hash[:], first.status, body)
	return err
}
