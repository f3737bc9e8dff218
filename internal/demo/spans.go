package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"
)

// application sends spans like an instrumented service: with the OpenTelemetry SDK, its OTLP exporter
// and one API key.
type application struct {
	tracing *trace.TracerProvider
	status  *statusRecorder
}

func newApplication(ctx context.Context, baseURL, key string) (*application, error) {
	status := &statusRecorder{}
	exporter, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(baseURL+"/v1/traces"),
		otlptracehttp.WithHeaders(map[string]string{"Authorization": "Bearer " + key}),
		otlptracehttp.WithHTTPClient(&http.Client{Transport: status, Timeout: 5 * time.Second}),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}),
	)
	if err != nil {
		return nil, err
	}
	return &application{tracing: trace.NewTracerProvider(trace.WithBatcher(exporter)), status: status}, nil
}

// send sends one span and waits for the answer. Any answer except "accepted" and "refused" is an
// error.
func (a *application) send(ctx context.Context) (accepted bool, err error) {
	_, span := a.tracing.Tracer("demo").Start(ctx, "chat")
	span.End()
	a.status.last.Store(0)
	err = a.tracing.ForceFlush(ctx)
	switch status := a.status.last.Load(); {
	case err == nil && status == http.StatusOK:
		return true, nil
	case err != nil && status == http.StatusUnauthorized:
		return false, nil
	case err == nil:
		return false, fmt.Errorf("sending a span: unexpected HTTP status %d", status)
	default:
		return false, fmt.Errorf("sending a span: %w", err)
	}
}

func (a *application) close(ctx context.Context) {
	_ = a.tracing.Shutdown(context.WithoutCancel(ctx)) // Every span has been flushed.
}

// statusRecorder stores the last HTTP status, which the exporter's error contains only as text.
type statusRecorder struct{ last atomic.Int64 }

func (s *statusRecorder) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		s.last.Store(int64(resp.StatusCode))
	}
	return resp, err
}

// cutOff is what an application with the old key sees during a rotation.
type cutOff struct {
	accepted, refused int
	lastAccepted      time.Time // when the last accepted span was sent
	firstRefused      time.Time // when the first refusal came back
	err               error
}

const pause = 2 * time.Millisecond

// keepSending sends spans in the background. stop ends that and returns the results.
func (a *application) keepSending(ctx context.Context) (stop func() cutOff) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan cutOff, 1)
	go func() {
		var result cutOff
		defer func() { done <- result }()
		for ctx.Err() == nil {
			sent := time.Now()
			accepted, err := a.send(ctx)
			switch {
			case err != nil && ctx.Err() == nil:
				result.err = err
				return
			case err != nil:
				return
			case accepted:
				result.accepted++
				result.lastAccepted = sent
			default:
				result.refused++
				if result.firstRefused.IsZero() {
					result.firstRefused = time.Now()
				}
			}
			time.Sleep(pause)
		}
	}()
	return sync.OnceValue(func() cutOff { // It is deferred as well.
		cancel()
		return <-done
	})
}
