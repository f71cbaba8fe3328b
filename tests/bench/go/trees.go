// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"sync"
	"time"
)

// upTo sends 2, 3, ... to the limit, and closes.
func upTo(limit uint64, out chan<- uint64) {
	for i := uint64(2); i <= limit; i++ {
		out <- i
	}
	close(out)
}

// filter passes on what is no multiple of a prime.
func filter(prime uint64, in <-chan uint64, out chan<- uint64, wg *sync.WaitGroup) {
	for v := range in {
		if v%prime != 0 {
			out <- v
		}
	}
	close(out)
	wg.Done()
}

// The 2000th prime.
const lastPrime = 17389

// An operation is a whole prime sieve, a goroutine and an unbuffered channel for each of the primes to the
// b.arg'th, from its first goroutine to the end of all of them.
func sieve(b *bench, n int) time.Duration {
	t := time.Now()
	for i := 0; i < n; i++ {
		var wg sync.WaitGroup
		c := make(chan uint64)
		go upTo(lastPrime, c)
		primes, last := 0, uint64(0)
		for {
			// what all the filters have let through, or the end
			prime, ok := <-c
			if !ok {
				break
			}
			primes, last = primes+1, prime
			next := make(chan uint64)
			wg.Add(1)
			go filter(prime, c, next, &wg)
			c = next
		}
		wg.Wait()
		if primes != b.arg || last != lastPrime {
			panic("sieve: not the primes")
		}
	}
	return time.Since(t)
}

// node is a goroutine of skynet: a leaf sends its number, each other starts ten and sends their sum.
func node(out chan<- uint64, num, size uint64) {
	if size == 1 {
		out <- num
		return
	}
	c := make(chan uint64)
	for i := uint64(0); i < 10; i++ {
		go node(c, num+i*(size/10), size/10)
	}
	sum := uint64(0)
	for i := 0; i < 10; i++ {
		sum += <-c
	}
	out <- sum
}

// An operation is a whole tree of b.arg leaves: 1,111,111 goroutines for a million.
func skynet(b *bench, n int) time.Duration {
	leaves := uint64(b.arg)
	t := time.Now()
	for i := 0; i < n; i++ {
		c := make(chan uint64)
		go node(c, 0, leaves)
		if <-c != leaves*(leaves-1)/2 {
			panic("skynet: not the sum")
		}
	}
	return time.Since(t)
}
