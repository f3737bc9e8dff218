package base

import "iter"

// Each yields the objects of a list that has no pages. An error comes last.
func Each[T any](objects []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, object := range objects {
			if !yield(object, nil) {
				return
			}
		}
		if err != nil {
			yield(*new(T), err)
		}
	}
}

// collect returns all objects of a list, or its error.
func collect[T any](objects iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for object, err := range objects {
		if err != nil {
			return nil, err
		}
		all = append(all, object)
	}
	return all, nil
}

// Where yields the selected objects, and errors.
func Where[T any](objects iter.Seq2[T, error], selects func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for object, err := range objects {
			if (err != nil || selects(object)) && !yield(object, err) {
				return
			}
		}
	}
}

// First returns the first selected object, or nil.
func First[T any](objects iter.Seq2[T, error], selects func(T) bool) (*T, error) {
	for object, err := range Where(objects, selects) {
		if err != nil {
			return nil, err
		}
		return &object, nil
	}
	return nil, nil
}
