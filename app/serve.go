package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxevent"
	"go.uber.org/zap"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
)

const (
	// startTime is how long the application may take to start: long enough for a
	// database that wakes up.
	startTime = 20 * time.Second

	// stopTime is how long it may take to stop: to drain, and then to commit and
	// to close what is open.
	stopTime = drainTime + 10*time.Second
)

// servers are the two that the application runs.
type servers struct{ public, admin *server }

// options is the application's graph.
func options(cfg *config.Config, log *zap.Logger, p *patience) fx.Option {
	pages := &latePages{}
	return fx.Options(
		fx.WithLogger(func() fxevent.Logger {
			l := &fxevent.ZapLogger{Logger: log.Named("fx")}
			l.UseLogLevel(zap.DebugLevel)
			l.UseErrorLevel(zap.DebugLevel) // the error is returned, and told once
			return l
		}),
		fx.Decorate(func(l fx.Lifecycle) fx.Lifecycle { return patientLifecycle{l, p} }),
		fx.Supply(cfg, log),
		providers.Module(cfg.Session, slices.Concat(all.Backends, []providers.Option{
			providers.Further(cfg.Services),
			providers.Register(services{}),
			providers.ToContainer[*zap.Logger](string(logName), ""),
			providers.FromContainer[*Clock](string(clockName)),
			providers.Adjust(func(o *session.Options) { o.ErrorHandler = pages.fail }),
		})...),
		fx.Provide(NewSite, NewAdmin, newServers),
		fx.Invoke(run, func(s *Site) { pages.site = s }),
	)
}

// latePages answers for a commit that failed with a page of the site, which needs the
// session service and so comes after it.
type latePages struct{ site *Site }

func (p *latePages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if p.site == nil {
		session.Error(w, r, err)
		return
	}
	p.site.fail(w, r, err)
}

func newServers(cfg *config.Config, site *Site, admin *Admin, log *zap.Logger) *servers {
	log = log.Named("http")
	return &servers{
		public: newServer("address", cfg.HTTP.Address, site, log),
		admin:  newServer("admin_address", cfg.HTTP.AdminAddress, admin, log),
	}
}

// run has the servers started once the sessions are, and stopped before them. The
// operators' comes first and goes last, so that /healthz tells of a drain.
func run(l fx.Lifecycle, s *servers, admin *Admin) {
	l.Append(fx.Hook{OnStart: s.admin.start, OnStop: s.admin.stop})
	l.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			if err := s.public.start(ctx); err != nil {
				return err
			}
			admin.SetServing(true)
			return nil
		},
		OnStop: func(ctx context.Context) error {
			admin.SetServing(false)
			return s.public.stop(ctx)
		},
	})
}

// serve runs the application until ctx ends, and then stops it. builtIn says that cfg
// is the built-in configuration. An error means that it did not start, or ended
// otherwise than it should have.
func serve(ctx context.Context, cfg *config.Config, builtIn bool, stdout, stderr io.Writer) error {
	log, err := newLogger(cfg.Log, stderr)
	if err != nil {
		return err
	}
	var (
		p patience
		s *servers
	)
	application := fx.New(
		options(cfg, log, &p),
		fx.Populate(&s),
		fx.StartTimeout(startTime+spare),
		fx.StopTimeout(stopTime+spare),
	)
	if err := application.Err(); err != nil {
		return err
	}
	if err := start(ctx, application, &p); err != nil {
		return err
	}
	announce(cfg, s, builtIn, log, stdout)

	var failure error
	select {
	case <-ctx.Done():
		log.Info("stopping: no new requests, those under way are answered")
	case failure = <-s.public.failed:
	case failure = <-s.admin.failed:
	}
	err = errors.Join(failure, stop(application, &p))
	if err == nil {
		log.Info("stopped")
	}
	return err
}

func start(ctx context.Context, application *fx.App, p *patience) error {
	hooks, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	p.start = hooks
	whole, cancelWhole := context.WithTimeout(context.WithoutCancel(ctx), application.StartTimeout())
	defer cancelWhole()
	err := application.Start(whole)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	case hooks.Err() != nil:
		return fmt.Errorf("gave up starting after %v: %w", startTime, rootCause(err))
	}
	return err
}

// errInterrupted says that the application was told to stop before it had started.
var errInterrupted = errors.New("told to stop while it was starting")

// stop is not bounded by the context whose end is the reason to stop.
func stop(application *fx.App, p *patience) error {
	hooks, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	p.stop = hooks
	whole, cancelWhole := context.WithTimeout(context.Background(), application.StopTimeout())
	defer cancelWhole()
	return application.Stop(whole)
}

// announce says where the site is, in one line for people and for tests, and logs what
// an operator should know of the configuration. It comes after the start, so that a
// failed one is told in one line and no other.
func announce(cfg *config.Config, s *servers, builtIn bool, log *zap.Logger, stdout io.Writer) {
	if builtIn {
		log.Info("no configuration file: development on this machine only, with a session cookie that is not Secure; give one with --config FILE")
	}
	if !s.admin.loopback() {
		log.Warn("the operators' pages can be reached from other machines: let nobody but operators through to them, or give a loopback http.admin_address",
			zap.Stringer("admin_address", s.admin.addr))
	}
	log.Info("operators' pages", zap.String("address", s.admin.url()))
	_, _ = fmt.Fprintf(stdout, "gyrfalcon: serving %s (sessions: %s)\n", s.public.url(), cfg.Session.Adapter)
}
