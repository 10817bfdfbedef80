package zzgodyno

import (
	"bytes"
	"fmt"
	"sync"
)

// boundedBuffer keeps what is written to it up to a size, and nothing at all beyond: half a trace is none. It is written
// by one goroutine while another asks for its size.
type boundedBuffer struct {
	lock    sync.Mutex
	content bytes.Buffer
	most    int
	written int
}

func (b *boundedBuffer) reset(most int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.content, b.most, b.written = bytes.Buffer{}, most, 0
}

// Write never fails: the runtime's writer must not be held up by what becomes of its bytes.
func (b *boundedBuffer) Write(data []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.written += len(data)
	if b.written <= b.most {
		return b.content.Write(data)
	}
	b.content = bytes.Buffer{}
	return len(data), nil
}

func (b *boundedBuffer) size() int {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.written
}

// take gives the content away.
func (b *boundedBuffer) take() ([]byte, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.written > b.most {
		return nil, fmt.Errorf("the trace grew to %d bytes, more than the %d allowed", b.written, b.most)
	}
	content := b.content.Bytes()
	b.content = bytes.Buffer{}
	return content, nil
}
