package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"gyrfalcon/config"
)

// What Main returns: the command's exit status.
const (
	exitOK    = 0
	exitError = 1 // it did not start, or did not end as it should
	exitUsage = 2 // the command line is wrong
)

const usage = `usage: gyrfalcon <command>

  serve [--config FILE]   serve the example site until it is told to stop
  version                 print the version
  help                    print this

Without a file the site listens on 127.0.0.1:8080, keeps its sessions in
gyrfalcon.db in the working directory, and is for development on this machine:
its session cookie is not Secure. It stops on SIGINT and SIGTERM: requests under
way are answered, and the exit status is 0. A second signal ends it at once.
`

// Main is the command gyrfalcon: args are its arguments without the program's name, and
// what it returns is the exit status, 0, 1 for a failure or 2 for a wrong command line.
// It runs until ctx ends; the caller turns signals into that. A failure is one line on
// stderr, or one for each mistake in the configuration file. Logs go to stderr, too.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		_, _ = io.WriteString(stderr, usage)
		return exitUsage
	}
	switch command, rest := args[0], args[1:]; command {
	case "serve":
		return serveCommand(ctx, rest, stdout, stderr)
	case "version":
		_, _ = fmt.Fprintln(stdout, version())
		return exitOK
	case "help", "-h", "-help", "--help":
		_, _ = io.WriteString(stdout, usage)
		return exitOK
	default:
		return misused(stderr, fmt.Errorf("there is no command %q", command))
	}
}

func serveCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	file := flags.String("config", "", "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, _ = io.WriteString(stdout, usage)
		return exitOK
	case err != nil:
		return misused(stderr, err)
	case flags.NArg() > 0:
		return misused(stderr, fmt.Errorf("serve takes no argument %q; a file is given with --config FILE", flags.Arg(0)))
	}
	given := false
	flags.Visit(func(*flag.Flag) { given = true })
	if given && *file == "" {
		return misused(stderr, errors.New("--config needs the name of a file"))
	}

	cfg := config.Default()
	if given {
		var err error
		if cfg, err = config.Load(*file); err != nil {
			return failed(stderr, err)
		}
	}
	if err := serve(ctx, cfg, !given, stdout, stderr); err != nil {
		return failed(stderr, err)
	}
	return exitOK
}

func misused(stderr io.Writer, err error) int {
	_, _ = fmt.Fprintf(stderr, "gyrfalcon: %s; see gyrfalcon help\n", err)
	return exitUsage
}

func failed(stderr io.Writer, err error) int {
	for _, line := range failureLines(err) {
		_, _ = fmt.Fprintln(stderr, "gyrfalcon: "+line)
	}
	return exitError
}

// version is what the Go tool noted of the source when it built the program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "gyrfalcon (unknown version)"
	}
	words := []string{"gyrfalcon", info.Main.Version}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			words = append(words, s.Value)
		}
	}
	return strings.Join(append(words, info.GoVersion), " ")
}
