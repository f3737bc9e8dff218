package traceloop

import "regexp"

// keyLike finds what looks like a key: the prefix of keys, or the hexadecimal digits of older ones. An
// id of a request in an error looks like that too, and stays, because Traceloop's support asks for it.
var keyLike = regexp.MustCompile(`(request id [0-9A-Za-z-]+)|(^|[^A-Za-z])(` + KeyPrefix + `[0-9A-Za-z_-]{8,}|[0-9A-Fa-f]{32,})`)

// MaskKeyIn masks what looks like a key in a text, because a configuration may have a key where a name
// or an id belongs. The server does this to each message of the provider.
func MaskKeyIn(text string) string {
	return keyLike.ReplaceAllStringFunc(text, func(found string) string {
		parts := keyLike.FindStringSubmatch(found)
		return parts[1] + parts[2] + MaskKey(parts[3])
	})
}

// maskedIn masks what looks like a key in the fields of a log entry, such as the path of a request for an
// object whose id is a key by mistake. The id of a request stays, as in an error.
func maskedIn(entry map[string]any) map[string]any {
	for name, value := range entry {
		if text, ok := value.(string); ok && name != "request_id" {
			entry[name] = MaskKeyIn(text)
		}
	}
	return entry
}
