package app

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets templates
var embedded embed.FS

// assets are the files under /static/. Each is served under a name that holds a part
// of its content's hash: a browser may keep it for ever, and never shows a new page
// in an old style.
type assets struct {
	names map[string]string // "style.css" -> "style.0123456789ab.css"
	files map[string][]byte // by the name with the hash
}

func loadAssets() (*assets, error) {
	entries, err := fs.ReadDir(embedded, "assets")
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	a := &assets{names: map[string]string{}, files: map[string][]byte{}}
	for _, e := range entries {
		data, err := fs.ReadFile(embedded, "assets/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("app: %w", err)
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(e.Name())
		hashed := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		a.names[e.Name()], a.files[hashed] = hashed, data
	}
	return a, nil
}

// url is a template function: the address of a file.
func (a *assets) url(name string) (string, error) {
	hashed, ok := a.names[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return "/static/" + hashed, nil
}

// serve serves the file whose name is the pattern's {file}, or returns false.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) bool {
	name := r.PathValue("file")
	data, ok := a.files[name]
	if ok {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
	}
	return ok
}
