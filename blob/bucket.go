package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Bucket is a folder in an object store that speaks S3.
type Bucket struct {
	client *minio.Client
	bucket string
	prefix string // "" or ends with a slash
}

// IsBucket tells whether a target names a bucket and not a path.
func IsBucket(target string) bool { return strings.HasPrefix(target, "s3://") }

// OpenBucket opens s3://bucket/folder?endpoint=https://s3.example.org, with
// &region= where the store wants one. The keys are in the environment, under the
// names that every such program uses: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
func OpenBucket(target string) (*Bucket, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("%q names no bucket: s3://bucket/folder?endpoint=https://…", target)
	}
	at, err := url.Parse(u.Query().Get("endpoint"))
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" {
		return nil, errors.New("the bucket needs &endpoint=https://…, the address of the object store")
	}
	c, err := minio.New(at.Host, &minio.Options{Creds: credentials.NewEnvAWS(), Secure: at.Scheme == "https", Region: u.Query().Get("region")})
	if err != nil {
		return nil, fmt.Errorf("object store: %w", err)
	}
	b := &Bucket{client: c, bucket: u.Host}
	if p := strings.Trim(u.Path, "/"); p != "" {
		b.prefix = p + "/"
	}
	return b, nil
}

// partSize is how much of a backup is held in memory on its way: the store takes
// 10,000 parts, so a backup has 160 GB at most.
const partSize = 16 << 20

// Put sends the parts as they are written; the store shows the object once all
// are there.
func (b *Bucket) Put(ctx context.Context, name string, fill func(io.Writer) error) error {
	_, err := b.client.StatObject(ctx, b.bucket, b.prefix+name, minio.StatObjectOptions{})
	if err == nil {
		return fmt.Errorf("%s%s is there already. Nothing was written", b.prefix, name)
	}
	if minio.ToErrorResponse(err).Code != "NoSuchKey" {
		return fmt.Errorf("object store: %w", err)
	}
	r, w := io.Pipe()
	filled := make(chan error, 1)
	go func() {
		err := fill(w)
		w.CloseWithError(err)
		filled <- err
	}()
	_, err = b.client.PutObject(ctx, b.bucket, b.prefix+name, r, -1, minio.PutObjectOptions{PartSize: partSize,
		ContentType: "application/octet-stream", SendContentMd5: true, DisableContentSha256: true}) // age seals the content itself
	r.CloseWithError(err) // who still writes learns that nobody reads
	if fillErr := <-filled; fillErr != nil && err == nil {
		err = fillErr
	}
	if err != nil {
		return fmt.Errorf("object store: %w", err)
	}
	return nil
}

// Names lists objects below the folder, and none in folders below it.
func (b *Bucket) Names(ctx context.Context) ([]string, error) {
	var names []string
	for o := range b.client.ListObjects(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix}) {
		if o.Err != nil {
			return nil, fmt.Errorf("object store: %w", o.Err)
		}
		if name := strings.TrimPrefix(o.Key, b.prefix); !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names, nil
}

// Open reads an object.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	o, err := b.client.GetObject(ctx, b.bucket, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, 0, fmt.Errorf("object store: %w", err)
	}
	info, err := o.Stat()
	if err != nil {
		o.Close()
		return nil, 0, fmt.Errorf("object store: %w", err)
	}
	return o, info.Size, nil
}

// Remove removes an object.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	if err := b.client.RemoveObject(ctx, b.bucket, b.prefix+name, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("object store: %w", err)
	}
	return nil
}

// Tidy has the store forget the parts of objects that were begun before a time
// and never finished.
func (b *Bucket) Tidy(ctx context.Context, before time.Time) error {
	for u := range b.client.ListIncompleteUploads(ctx, b.bucket, b.prefix+"translocal-", false) {
		if u.Err != nil {
			return fmt.Errorf("object store: %w", u.Err)
		}
		if !u.Initiated.Before(before) {
			continue
		}
		if err := b.client.RemoveIncompleteUpload(ctx, b.bucket, u.Key); err != nil {
			return fmt.Errorf("object store: %w", err)
		}
	}
	return nil
}
