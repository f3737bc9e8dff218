package base

import "sync"

// Set is a set that the resources of a process share. An empty one is ready to use.
type Set[T comparable] struct {
	mu       sync.Mutex
	elements map[T]bool
}

// Add reports whether the set had the element before.
func (s *Set[T]) Add(element T) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.elements == nil {
		s.elements = map[T]bool{}
	}
	had := s.elements[element]
	s.elements[element] = true
	return had
}

// Has reports whether the set has the element.
func (s *Set[T]) Has(element T) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.elements[element]
}
