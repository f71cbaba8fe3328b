// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"time"
)

func ctxSend(ctx context.Context, c chan<- uint64, v uint64) {
	select {
	case c <- v:
	case <-ctx.Done():
	}
}

func ctxRecv(ctx context.Context, c <-chan uint64) (v uint64) {
	select {
	case v = <-c:
	case <-ctx.Done():
	}
	return
}

// hop under a context.
func ctxHops(b *bench, n int) time.Duration {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, d := make(chan uint64), make(chan uint64)
	go func() {
		for i := 0; i < n/2; i++ {
			ctxSend(ctx, d, ctxRecv(ctx, c))
		}
	}()
	t := time.Now()
	for i := 0; i < n/2; i++ {
		ctxSend(ctx, c, uint64(i))
		ctxRecv(ctx, d)
	}
	return time.Since(t)
}

// chanself under a context.
func ctxSelf(b *bench, n int) time.Duration {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := make(chan uint64, 1)
	t := time.Now()
	for i := 0; i < n/2; i++ {
		ctxSend(ctx, c, uint64(i))
		ctxRecv(ctx, c)
	}
	return time.Since(t)
}

// An operation is one context derived and cancelled; with b.arg one that has a deadline far away.
func ctxDerives(b *bench, n int) time.Duration {
	parent, end := context.WithCancel(context.Background())
	defer end()
	t := time.Now()
	for i := 0; i < n; i++ {
		var cancel context.CancelFunc
		if b.arg == 0 {
			_, cancel = context.WithCancel(parent)
		} else {
			_, cancel = context.WithTimeout(parent, 1000*time.Second)
		}
		cancel()
	}
	return time.Since(t)
}

const descendants = 10000

// An operation is the cancel of a context that has 10,000 descendants, b.arg children each. The tree is made
// outside of the time.
func ctxCancels(b *bench, n int) time.Duration {
	var sum time.Duration
	for i := 0; i < n; i++ {
		ctx := make([]context.Context, descendants+1)
		ends := make([]context.CancelFunc, descendants+1)
		ctx[0], ends[0] = context.WithCancel(context.Background())
		for k := 1; k <= descendants; k++ {
			ctx[k], ends[k] = context.WithCancel(ctx[(k-1)/b.arg])
		}
		t := time.Now()
		ends[0]()
		sum += time.Since(t)
		for k := range ctx {
			if ctx[k].Err() == nil {
				panic("ctx: one is not cancelled")
			}
			ends[k]()
		}
	}
	return sum
}
