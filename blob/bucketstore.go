package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"time"

	"github.com/minio/minio-go/v7"
)

// BucketStore keeps files in a bucket. Each is held in memory on its way, so the
// largest ought to be small. All replicas of a node may use one bucket.
type BucketStore struct {
	bucket *Bucket
	max    int64
}

// slowest is how long the object store may take for one file.
const slowest = time.Minute

// Put is as in [Files]. Content that is there already is written anew.
func (s *BucketStore) Put(r io.Reader) (Info, error) {
	data, err := io.ReadAll(io.LimitReader(r, s.max+1))
	if err != nil {
		return Info{}, fmt.Errorf("blob: put: %w", err)
	}
	if int64(len(data)) > s.max {
		return Info{}, fmt.Errorf("blob: put: more than %d bytes: %w", s.max, ErrTooLarge)
	}
	info := Info{Hash: sha256.Sum256(data), Size: int64(len(data))}
	ctx, cancel := context.WithTimeout(context.Background(), slowest)
	defer cancel()
	b := s.bucket
	_, err = b.client.PutObject(ctx, b.bucket, b.prefix+info.Hash.String(), bytes.NewReader(data), info.Size,
		minio.PutObjectOptions{ContentType: "application/octet-stream", SendContentMd5: true})
	if err != nil {
		return Info{}, fmt.Errorf("blob: put: object store: %w", err)
	}
	return info, nil
}

// Open is as in [Files].
func (s *BucketStore) Open(h Hash) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(context.Background(), slowest)
	r, _, err := s.bucket.Open(ctx, h.String())
	if err != nil {
		cancel()
		return nil, missing(err)
	}
	return &closes{r, cancel}, nil
}

// closes ends the context of a reader with it.
type closes struct {
	io.ReadCloser
	cancel func()
}

func (c *closes) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}

// Stat is as in [Files].
func (s *BucketStore) Stat(h Hash) (Info, error) {
	ctx, cancel := context.WithTimeout(context.Background(), slowest)
	defer cancel()
	b := s.bucket
	o, err := b.client.StatObject(ctx, b.bucket, b.prefix+h.String(), minio.StatObjectOptions{})
	if err != nil {
		return Info{}, missing(err)
	}
	return Info{h, o.Size}, nil
}

// missing makes of the store's word for it the one that folders have.
func missing(err error) error {
	var e minio.ErrorResponse
	if errors.As(err, &e) && e.Code == "NoSuchKey" {
		return fmt.Errorf("blob: %w (%w)", fs.ErrNotExist, err)
	}
	return fmt.Errorf("blob: object store: %w", err)
}

// Each is as in [Files].
func (s *BucketStore) Each() iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		b := s.bucket
		for o := range b.client.ListObjects(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix}) {
			if o.Err != nil {
				yield(Info{}, fmt.Errorf("blob: object store: %w", o.Err))
				return
			}
			h, err := ParseHash(o.Key[len(b.prefix):])
			if err != nil {
				continue // no file of ours
			}
			if !yield(Info{h, o.Size}, nil) {
				return
			}
		}
	}
}

// Delete is as in [Files].
func (s *BucketStore) Delete(h Hash) error {
	ctx, cancel := context.WithTimeout(context.Background(), slowest)
	defer cancel()
	return s.bucket.Remove(ctx, h.String())
}
