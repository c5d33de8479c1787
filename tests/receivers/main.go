// Receivers of webhooks, with the code that Argo CD, Flux and readers of Gitea run: receivers FOLDER SECRET.
//
//	/argocd    the handler of Argo CD's API server (util/webhook), with applications that follow infra/apps by several paths and revisions; what it
//	           refreshed is told by GET /argocd
//	/flux/github, /flux/generic-hmac   what the receivers of notification-controller call: go-github's ValidatePayload and ValidateSignature; its
//	           other code is internal. Besides, the push is read as go-github reads it
//	/gitea     the reader of Gitea's pushes in go-playground/webhooks
//
// FOLDER/port gets the port. Each answer but 200 says why.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	appclientset "github.com/argoproj/argo-cd/v3/pkg/client/clientset/versioned/fake"
	listers "github.com/argoproj/argo-cd/v3/pkg/client/listers/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/reposerver/cache"
	servercache "github.com/argoproj/argo-cd/v3/server/cache"
	cacheutil "github.com/argoproj/argo-cd/v3/util/cache"
	"github.com/argoproj/argo-cd/v3/util/cache/appstate"
	"github.com/argoproj/argo-cd/v3/util/db/mocks"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/argoproj/argo-cd/v3/util/webhook"
	"github.com/go-playground/webhooks/v6/gitea"
	"github.com/google/go-github/v84/github"
	"github.com/stretchr/testify/mock"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

const namespace = "argocd"

type settingsSource struct{}

func (settingsSource) GetAppInstanceLabelKey() (string, error) { return "app", nil }
func (settingsSource) GetTrackingMethod() (string, error)      { return "", nil }
func (settingsSource) GetInstallationID() (string, error)      { return "", nil }

type lister struct {
	listers.ApplicationLister
	listers.ApplicationNamespaceLister
	apps *appclientset.Clientset
}

func (l *lister) Applications(string) listers.ApplicationNamespaceLister { return l }

func (l *lister) List(labels.Selector) ([]*v1alpha1.Application, error) {
	list, err := l.apps.ArgoprojV1alpha1().Applications(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var apps []*v1alpha1.Application
	for i := range list.Items {
		apps = append(apps, &list.Items[i])
	}
	return apps, nil
}

func app(name, repoURL, revision, paths string) runtime.Object {
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Annotations: map[string]string{v1alpha1.AnnotationKeyManifestGeneratePaths: paths}},
		Spec: v1alpha1.ApplicationSpec{
			Source:      &v1alpha1.ApplicationSource{RepoURL: repoURL, TargetRevision: revision, Path: "apps"},
			Destination: v1alpha1.ApplicationDestination{Server: "https://kubernetes.default.svc"},
		},
	}
}

func newArgo(secret string) http.Handler {
	apps := appclientset.NewSimpleClientset(
		app("by-https", "https://git.example.org/infra/apps.git", "main", ""),
		app("by-ssh", "git@git.example.org:infra/apps.git", "main", ""),
		app("by-ssh-port", "ssh://git@git.example.org:2222/infra/apps", "main", ""),
		app("by-head", "https://git.example.org/infra/apps", "HEAD", ""),
		app("by-tag", "https://git.example.org/infra/apps", "v1", ""),
		app("web-alone", "https://git.example.org/infra/apps", "main", "/apps/web"),
		app("db-alone", "https://git.example.org/infra/apps", "main", "/apps/db"),
		app("other-branch", "https://git.example.org/infra/apps", "other", ""),
		app("other-repo", "https://git.example.org/infra/apps2", "main", ""),
	)
	db := &mocks.ArgoDB{}
	db.On("GetCluster", mock.Anything, mock.Anything).Return(nil, errors.New("no cluster here"))
	memory := cacheutil.NewCache(cacheutil.NewInMemoryCache(time.Hour))
	handler := webhook.NewHandler(namespace, nil, 1, apps, &lister{apps: apps},
		&settings.ArgoCDSettings{WebhookGitHubSecret: secret, WebhookGitLabSecret: secret, WebhookGogsSecret: secret}, settingsSource{},
		cache.NewCache(memory, time.Minute, time.Minute, 10*time.Second),
		servercache.NewCache(appstate.NewCache(memory, time.Minute), time.Minute, time.Minute), db, 50*1024*1024)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			handler.Handler(w, r)
			return
		}
		refreshed := []string{}
		list, err := apps.ArgoprojV1alpha1().Applications(namespace).List(r.Context(), metav1.ListOptions{})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, a := range list.Items {
			if _, ok := a.Annotations[v1alpha1.AnnotationKeyRefresh]; ok {
				refreshed = append(refreshed, a.Name)
			}
			if r.URL.Query().Has("reset") {
				delete(a.Annotations, v1alpha1.AnnotationKeyRefresh)
				if _, err := apps.ArgoprojV1alpha1().Applications(namespace).Update(r.Context(), &a, metav1.UpdateOptions{}); err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
			}
		}
		sort.Strings(refreshed)
		_ = json.NewEncoder(w).Encode(refreshed)
	})
}

// What was read last, by path.
type last map[string]string

func (l last) take(w http.ResponseWriter, r *http.Request, text string, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l[r.URL.Path] = text
	fmt.Fprintln(w, text)
}

func main() {
	folder, secret := os.Args[1], os.Args[2]
	seen := last{}
	mux := http.NewServeMux()
	mux.Handle("/argocd", newArgo(secret))
	mux.HandleFunc("POST /flux/github", func(w http.ResponseWriter, r *http.Request) {
		body, err := github.ValidatePayload(r, []byte(secret))
		if err != nil {
			seen.take(w, r, "", err)
			return
		}
		event, err := github.ParseWebHook(github.WebHookType(r), body)
		switch e := event.(type) {
		case *github.PushEvent:
			seen.take(w, r, fmt.Sprintf("push %s %s %s", e.GetRepo().GetFullName(), e.GetRef(), e.GetHeadCommit().GetID()), err)
		case *github.PingEvent:
			seen.take(w, r, "ping", err)
		default:
			seen.take(w, r, "", errors.Join(err, errors.New("neither push nor ping")))
		}
	})
	mux.HandleFunc("POST /flux/generic-hmac", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = github.ValidateSignature(r.Header.Get("X-Signature"), body, []byte(secret))
		}
		seen.take(w, r, "hmac", err)
	})
	mux.HandleFunc("POST /gitea", func(w http.ResponseWriter, r *http.Request) {
		hook, err := gitea.New(gitea.Options.Secret(secret))
		if err != nil {
			seen.take(w, r, "", err)
			return
		}
		payload, err := hook.Parse(r, gitea.PushEvent)
		push, ok := payload.(gitea.PushPayload)
		if err == nil && (!ok || push.Repo == nil || (push.HeadCommit == nil && push.After != strings.Repeat("0", 40))) {
			err = errors.New("no push with a repository and a commit")
		}
		if err != nil {
			seen.take(w, r, "", err)
			return
		}
		seen.take(w, r, fmt.Sprintf("push %s %s %s", push.Repo.FullName, push.Ref, push.After), nil)
	})
	mux.HandleFunc("GET /seen", func(w http.ResponseWriter, r *http.Request) { _ = json.NewEncoder(w).Encode(seen) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		port := []byte(fmt.Sprint(listener.Addr().(*net.TCPAddr).Port))
		err = os.WriteFile(filepath.Join(folder, "port.new"), port, 0o600)
	}
	if err == nil {
		err = os.Rename(filepath.Join(folder, "port.new"), filepath.Join(folder, "port"))
	}
	if err == nil {
		err = http.Serve(listener, mux)
	}
	fmt.Fprintln(os.Stderr, "receivers:", err)
	os.Exit(1)
}
