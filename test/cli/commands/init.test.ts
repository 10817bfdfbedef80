import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  argsOf,
  envOf,
  getPaths,
  hostsBeside,
  movesFor,
  otherRoutes,
  startGuesses,
} from '../../../harness/cli/init/hints.ts';
import { parseScenario } from '../../../harness/scenario/index.ts';
import type { Setting, Survey } from '../../../harness/survey/index.ts';
import { makePlace, type Place } from '../../e2e/cli.ts';

const TARGETS = path.resolve(import.meta.dirname, '../../targets');

describe('what the source suggests', () => {
  const setting = (name: string, fallback: string | null = null): Setting => ({
    kind: name.startsWith('-') ? 'flag' : 'variable',
    name,
    fallback,
    file: 'main.go',
    line: 1,
  });
  const nothing: Survey = { settings: [], routes: [], listens: [], commands: [] };
  const starts = (survey: Partial<Survey>) =>
    startGuesses({ ...nothing, ...survey }).map((guess) => [argsOf(guess).join(' '), envOf(guess), guess.port]);

  test.each([
    ['-addr', ':8080', '-addr 127.0.0.1:${port}'],
    ['-listen', '127.0.0.1:80', '-listen 127.0.0.1:${port}'],
    ['-port', '8080', '-port ${port}'],
    ['-port', ':8080', '-port :${port}'],
    ['--address', 'localhost:8080', '--address 127.0.0.1:${port}'],
    ['-listen-client-urls', 'http://localhost:2379', '-listen-client-urls http://127.0.0.1:${port}'],
  ])('flag %s with default %s: %s', (name, fallback, args) => {
    expect(starts({ settings: [setting(name, fallback)] })[0]).toEqual([args, {}, null]);
  });

  test.each([
    ['HTTP_PORT', null, { HTTP_PORT: '${port}' }],
    ['LISTEN_ADDR', null, { LISTEN_ADDR: '127.0.0.1:${port}' }],
    ['APP_WEB_ADDR', '0.0.0.0:9000', { APP_WEB_ADDR: '127.0.0.1:${port}' }],
    ['PORT', null, {}],
  ])('variable %s with default %s: %j', (name, fallback, env) => {
    expect(starts({ settings: [setting(name, fallback)] })[0]).toEqual(['', env, null]);
  });

  test('listeners for metrics, databases and other services are not the service', () => {
    const settings = [setting('-metrics-port', '9090'), setting('REDIS_ADDR'), setting('DATABASE_PORT', '5432')];
    expect(starts({ settings })).toEqual([['', {}, null]]);
  });

  test('of several, the one with a port as default comes first, and what has the same default is told the same', () => {
    const settings = [
      setting('-listen-client-http-urls'),
      setting('-listen-client-urls', 'http://localhost:2379'),
      setting('-advertise-client-urls', 'http://localhost:2379'),
    ];
    expect(starts({ settings })[0]?.[0]).toBe(
      '-listen-client-urls http://127.0.0.1:${port} -advertise-client-urls http://127.0.0.1:${port}',
    );
  });

  test('a subcommand that serves is tried before none', () => {
    expect(
      starts({ settings: [setting('--port', '80')], commands: ['migrate', 'serve'] }).map(([args]) => args),
    ).toEqual(['serve --port ${port}', 'serve', '--port ${port}', '']);
  });

  test('a fixed port is the last resort', () => {
    expect(starts({ listens: [{ address: ':8080', file: 'main.go', line: 1 }] })).toEqual([
      ['', {}, null],
      ['', {}, 8080],
    ]);
  });

  test('a host beside a port is asked for loopback, the nearest by name first', () => {
    const settings = [
      setting('DB_HOST'),
      setting('SMTP_LISTENADDR'),
      setting('APP_SERVER_LISTENADDR'),
      setting('APP_SERVER_PORT', '80'),
    ];
    const [guess] = startGuesses({ ...nothing, settings });
    expect(guess && hostsBeside(guess, settings).map(({ setting: { name }, value }) => [name, value])).toEqual([
      ['APP_SERVER_LISTENADDR', '127.0.0.1'],
    ]);
  });

  test('ports that are opened besides are moved by the settings whose default they are, each by a name of its own', () => {
    const settings = [
      setting('APP_SMTP_ADDR', '0.0.0.0:2500'),
      setting('-peer-urls', 'http://localhost:2380'),
      setting('-peer', ':99'),
    ];
    expect(movesFor([2500, 2380, 99, 4000], settings).map(({ value }) => value)).toEqual([
      '127.0.0.1:${port.smtp}',
      'http://127.0.0.1:${port.peer}',
      '127.0.0.1:${port.peer99}',
    ]);
  });

  test('paths to ask have their parameters filled in, each once; profiles and metrics are no load', () => {
    const routes = [
      '/items/{id}',
      '/{$}',
      '/users/:id/posts/*rest',
      '/v/{n:[0-9]+}',
      '/f/:id<int>?',
      '/items/:id',
      '/debug/pprof/',
      '/metrics',
    ].map((path) => ({ method: 'GET', path, file: 'main.go', line: 1 }));
    const survey = { ...nothing, routes: [...routes, { method: 'POST', path: '/x/:id', file: 'main.go', line: 2 }] };
    expect(getPaths(survey)).toEqual(['/items/1', '/', '/users/1/posts/1', '/v/1', '/f/1']);
    expect(otherRoutes(survey)).toEqual(['POST /x/1']);
  });
});

describe('godyno init', () => {
  let place: Place;
  beforeEach(() => {
    place = makePlace();
  });
  afterEach(() => {
    expect(place.processes()).toEqual([]);
    place.remove();
  });
  const read = (name: string): string => readFileSync(path.join(place.dir, name), 'utf8');
  const scenario = (name: string) => parseScenario(read(name), name, new Map());

  test('in a service’s folder writes a scenario that was seen to run, and three workflows', async () => {
    cpSync(path.join(TARGETS, 'demo'), place.dir, { recursive: true });
    const { code, stdout, stderr } = await place.run(['init', '--yes']);
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toEqual([
      'scenarios/demo.yml',
      '.github/workflows/godyno.yml',
      '.github/workflows/godyno-publish.yml',
      '.github/workflows/godyno-baseline.yml',
    ]);
    expect(read('scenarios/demo.yml')).toMatch(/^# yaml-language-server: \$schema=/);
    const { target, load } = scenario('scenarios/demo.yml');
    expect(target.args).toEqual(['-addr', '127.0.0.1:${port}']);
    expect(target.ready.path).toBe('/healthz');
    expect(load.requests.map((request) => request.path)).toContain('/items/1');
    const workflow = read('.github/workflows/godyno.yml');
    expect(workflow).toContain('permissions:\n  contents: read\n');
    // The emulator comes before the run, in the words of the guide, and no mirror that is down fails the job.
    const [install = ''] = /^ +run: sudo apt-get .* qemu-user\n +continue-on-error: true\n/m.exec(workflow) ?? [];
    expect(readFileSync(path.resolve(import.meta.dirname, '../../../docs/ci.md'), 'utf8')).toContain(install);
    expect(workflow.indexOf(install)).toBeGreaterThan(0);
    expect(workflow.indexOf(install)).toBeLessThan(workflow.indexOf(' run --out'));
    expect(place.leftInTmp()).toEqual([]);
    expect(stderr).toContain('Next: npm i -D godyno, npx godyno doctor');
  });

  test('a second time changes nothing; what differs is kept until --force', async () => {
    cpSync(path.join(TARGETS, 'tiny'), place.dir, { recursive: true });
    await place.run(['init', '--yes', '--no-try']);
    place.file('scenarios/tiny.yml', '# mine\n');
    place.file('node_modules/godyno/package.json', '{}');
    const kept = await place.run(['init', '--yes', '--no-try']);
    expect(kept.stderr).toContain('Next: npx godyno doctor');
    expect(kept.stdout).toBe('');
    expect(kept.stderr).toMatch(/kept +scenarios\/tiny\.yml/);
    expect(kept.stderr).toMatch(/unchanged +\.github\/workflows\/godyno\.yml/);
    expect(read('scenarios/tiny.yml')).toBe('# mine\n');
    const forced = await place.run(['init', '--yes', '--no-try', '--force']);
    expect(forced.stderr).toMatch(/replaced +scenarios\/tiny\.yml/);
    expect(scenario('scenarios/tiny.yml').target.package).toBe('.');
  });

  test('among several main packages takes the one that serves, or the one that is named', async () => {
    place.file('go.mod', 'module example.com/many\n\ngo 1.22\n');
    place.file('cmd/tool/main.go', 'package main\n\nfunc main() { println("tool") }\n');
    mkdirSync(path.join(place.dir, 'cmd/server'), { recursive: true });
    writeFileSync(path.join(place.dir, 'cmd/server/main.go'), readFileSync(path.join(TARGETS, 'tiny/main.go')));
    const { stderr } = await place.run(['init', '--yes', '--no-try']);
    expect(stderr).toContain('./cmd/server (http)');
    expect(scenario('scenarios/server.yml').target.package).toBe('./cmd/server');
    await place.run(['init', '--yes', '--no-try', '--package', 'cmd/tool']);
    expect(existsSync(path.join(place.dir, 'scenarios/tool.yml'))).toBe(true);
    const wrong = await place.run(['init', '--yes', '--no-try', '--package', './cmd/none']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('./cmd/server');
  });

  test('a service that answers nothing gets a scenario that says it is a guess', async () => {
    place.file('go.mod', 'module example.com/mute\n\ngo 1.22\n');
    place.file('main.go', 'package main\n\nimport "os"\n\nfunc main() { println("no database"); os.Exit(3) }\n');
    const { code, stderr } = await place.run(['init', '--yes']);
    expect(code).toBe(0);
    expect(stderr).toContain('the scenario is a guess');
    expect(stderr).toContain('no database');
    expect(read('scenarios/mute.yml')).toContain('nothing of it was seen to run');
    expect(read('scenarios/mute.yml')).not.toContain('answer 2xx');
  });

  test('a service whose port the source does not show is found where it listens, and the user’s home is not opened', async () => {
    place.file('go.mod', 'module example.com/quiet/v2\n\ngo 1.22\n');
    place.file(
      'main.go',
      `package main

import (
	"net/http"
	"os"
	"strings"
)

func main() {
	if os.Getenv("HOME") == ${JSON.stringify(homedir())} {
		println("this is the user's own home")
		os.Exit(1)
	}
	address := strings.Join([]string{"127.0.0.1", "28391"}, ":")
	println("listening on", address)
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {})
	http.ListenAndServe(address, nil)
}
`,
    );
    const { code, stderr } = await place.run(['init', '--yes']);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('It runs with its own port 28391 and is ready at GET /health');
    expect(scenario('scenarios/quiet.yml').target).toMatchObject({ port: 28_391, ready: { path: '/health' } });
  });

  test('in a workspace takes the module that serves, hands it its configuration file, keeps it on loopback, and runs it in a copy', async () => {
    place.file('go.work', 'go 1.22\n\nuse (\n\t.\n\t./server\n\t./tool\n)\n');
    place.file('go.mod', 'module example.com/many\n\ngo 1.22\n');
    place.file('tool/go.mod', 'module example.com/many/tool\n\ngo 1.22\n');
    place.file('tool/main.go', 'package main\n\nfunc main() { println("tool") }\n');
    place.file('server/go.mod', 'module example.com/many/server/v2\n\ngo 1.22\n');
    place.file('server/config.yml', 'name: x\n');
    place.file(
      'server/main.go',
      `package main

import (
	"flag"
	"net"
	"net/http"
	"os"
)

func main() {
	config := flag.String("config", "", "configuration file")
	port := flag.String("port", "0", "port")
	host := flag.String("host", "0.0.0.0", "host")
	admin := flag.String("admin", ":18473", "where the operator listens")
	flag.Parse()
	if _, err := os.Stat(*config); err != nil {
		println("no configuration")
		os.Exit(1)
	}
	os.WriteFile("made.db", nil, 0o600)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("[]")) })
	health := http.NewServeMux()
	health.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {})
	go http.ListenAndServe(*admin, health)
	address := net.JoinHostPort(*host, *port)
	if *port == "0" {
		address = net.JoinHostPort(*host, os.Getenv("PORT"))
	}
	http.ListenAndServe(address, mux)
}
`,
    );
    const { code, stderr } = await place.run(['init', '--yes']);
    expect(code, stderr).toBe(0);
    const { target, load } = scenario('scenarios/server.yml');
    expect(target).toMatchObject({
      module: 'server',
      package: '.',
      args: ['-config', 'config.yml', '-host', '127.0.0.1', '-admin', '127.0.0.1:${port.admin}'],
      ready: { path: '/healthz', at: { port: '${port.admin}' } },
    });
    expect(stderr).toContain('is ready at GET /healthz on ${port.admin}');
    expect(load.requests.map(({ path: asked }) => asked)).toEqual(['/items']);
    expect(existsSync(path.join(place.dir, 'server/made.db'))).toBe(false);
    expect(place.leftInTmp()).toEqual([]);
  });

  test('what a start leaves behind does not help the next: a service that remembers its first port keeps it', async () => {
    place.file('go.mod', 'module example.com/cluster\n\ngo 1.22\n');
    place.file(
      'main.go',
      `package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"os"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:28177", "clients")
	peer := flag.String("peer-addr", "127.0.0.1:28178", "peers")
	flag.Parse()
	if _, err := os.Stat("data/member"); err != nil {
		if *peer != "127.0.0.1:28178" {
			log.Fatal("a new cluster has its peers at 127.0.0.1:28178")
		}
		os.MkdirAll("data", 0o755)
		os.WriteFile("data/member", nil, 0o644)
	}
	if _, err := net.Listen("tcp", *peer); err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("ok")) })
	log.Fatal(http.ListenAndServe(*addr, nil))
}
`,
    );
    const { code, stderr } = await place.run(['init', '--yes']);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('moving that with -peer-addr');
    expect(scenario('scenarios/cluster.yml').target.args).toEqual(['-addr', '127.0.0.1:${port}']);
  });

  test('files that the build embeds and git does not have are carried along, or stood in for, and the scenario says how', async () => {
    execFileSync('git', ['init', '--quiet'], { cwd: place.dir });
    place.file('.gitignore', 'dist/\nassets/\n');
    place.file('node_modules/godyno/package.json', '{}');
    place.file('go.mod', 'module example.com/embeds\n\ngo 1.22\n');
    place.file('assets/logo.txt', 'logo');
    place.file(
      'main.go',
      `package main

import (
	"embed"
	"net/http"
	"os"
)

//go:embed dist/*
var dist embed.FS

//go:embed assets
var assets embed.FS

func main() {
	index, err := dist.ReadFile("dist/app.json")
	if err != nil {
		panic(err)
	}
	logo, _ := assets.ReadFile("assets/logo.txt")
	http.HandleFunc("/logo", func(w http.ResponseWriter, r *http.Request) { w.Write(append(index, logo...)) })
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
`,
    );
    const { code, stderr } = await place.run(['init', '--yes']);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('assets, which git ignores: carried along');
    const { target } = scenario('scenarios/embeds.yml');
    expect(target.include).toEqual(['assets/**']);
    expect(target.generate.map(({ args }) => args.at(-1))).toEqual([
      'mkdir -p dist && touch dist/index.html dist/app.json',
    ]);
    expect(existsSync(path.join(place.dir, 'dist'))).toBe(false);
    expect(stderr).toContain('Add to .gitignore: .godyno/');
    expect(stderr).toContain('Add to .gitignore: node_modules/');
  });

  test('a service that does not build shows Go’s words and writes nothing', async () => {
    place.file('go.mod', 'module example.com/broken\n\ngo 1.22\n');
    place.file('main.go', 'package main\n\nfunc main() { undefinedName() }\n');
    const { code, stderr } = await place.run(['init', '--yes']);
    expect(code).toBe(5);
    expect(stderr).toContain('undefinedName');
    expect(existsSync(path.join(place.dir, '.github'))).toBe(false);
  });

  test('in a folder without Go, and with nobody to ask, says what to do', async () => {
    expect((await place.run(['init', '--yes'])).stderr).toContain('no go.mod');
    expect((await place.run(['init'])).stderr).toContain('godyno init --yes');
  });

  test('below the repository’s top writes workflows at the top that work in the folder', async () => {
    execFileSync('git', ['init', '--quiet'], { cwd: place.dir });
    cpSync(path.join(TARGETS, 'tiny'), path.join(place.dir, 'services/tiny'), { recursive: true });
    await place.run(['init', '--yes', '--no-try'], { cwd: path.join(place.dir, 'services/tiny') });
    const workflow = read('.github/workflows/godyno.yml');
    expect(workflow).toContain('working-directory: "services/tiny/"');
    expect(workflow).toContain('go-version-file: services/tiny/go.mod');
    expect(workflow).toContain('path: services/tiny/.godyno/pull-request');
  });

  const ACTIONLINT = [path.resolve('.tools/actionlint'), 'actionlint'].find(
    (file) => spawnSync(file, ['-version']).error === undefined,
  );
  describe.skipIf(ACTIONLINT === undefined)(
    'actionlint (go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 into .tools)',
    () => {
      const lint = (dir: string): string => {
        const { stdout, stderr } = spawnSync(ACTIONLINT ?? '', ['-no-color'], { cwd: dir, encoding: 'utf8' });
        return `${stdout}${stderr}`;
      };

      test.each([[[]], [['--action', 'acme/godyno@v1']]] as const)(
        'finds nothing in what init %j writes',
        async (flags) => {
          execFileSync('git', ['init', '--quiet'], { cwd: place.dir });
          cpSync(path.join(TARGETS, 'tiny'), path.join(place.dir, 'svc'), { recursive: true });
          await place.run(['init', '--yes', '--no-try', ...flags], { cwd: path.join(place.dir, 'svc') });
          expect(lint(place.dir)).toBe('');
        },
      );

      test('finds nothing in our own workflows, nor in uses of our action.yml, but does find a wrong input', () => {
        const root = path.resolve(import.meta.dirname, '../../..');
        execFileSync('git', ['init', '--quiet'], { cwd: place.dir });
        cpSync(path.join(root, '.github'), path.join(place.dir, '.github'), { recursive: true });
        cpSync(path.join(root, 'action.yml'), path.join(place.dir, 'action.yml'));
        place.file('dist-action/index.js', '');
        const use = (input: string): string =>
          place.file(
            '.github/workflows/use.yml',
            `name: use\non: pull_request\npermissions: { contents: read }\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - id: g\n        uses: ./\n        with: { ${input}: demo }\n      - run: echo "$V"\n        env: { V: "\${{ steps.g.outputs.verdict }}\${{ steps.g.outputs.artifact-url }}" }\n`,
          );
        use('key');
        expect(lint(place.dir)).toBe('');
        use('sharrd');
        expect(lint(place.dir)).toContain('"sharrd" is not defined');
      });
    },
  );
});
