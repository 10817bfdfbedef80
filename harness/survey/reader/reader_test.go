package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// survey of packages given as import path → source; the first is main.
func surveyOf(t *testing.T, sources ...string) survey {
	t.Helper()
	packages := []sourcePackage{}
	for i, source := range sources {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		name := strings.Fields(source)[1]
		importPath := "example.com/" + name
		if i == 0 {
			importPath = "example.com/app"
		}
		packages = append(packages, sourcePackage{importPath, name, dir, []string{"x.go"}})
	}
	return read(packages)
}

func routesOf(found survey) []string {
	routes := []string{}
	for _, r := range found.Routes {
		method := r.Method
		if method == "" {
			method = "*"
		}
		routes = append(routes, method+" "+r.Path)
	}
	return routes
}

func sameRoutes(t *testing.T, found survey, want ...string) {
	t.Helper()
	if got := routesOf(found); !slices.Equal(got, want) {
		t.Errorf("routes\n got %q\nwant %q", got, want)
	}
}

func TestRoutesOfTheStandardLibrary(t *testing.T) {
	sameRoutes(t, surveyOf(t, `package main
import "net/http"
const items = "/items"
func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+items+"/{id}", h)
	mux.HandleFunc("POST "+items, h)
	mux.Handle("example.org/site/", h2)
	mux.Handle("/api/", http.StripPrefix("/api", api()))
	http.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) { r.Header.Get("Authorization"); r.URL.Query().Get("q") })
}
func api() http.Handler {
	inner := http.NewServeMux()
	inner.HandleFunc("/users", h)
	return inner
}
`), "GET /items/{id}", "POST /items", "* /site/", "* /api/users", "* /api/", "* /plain")
}

func TestRoutesOfChi(t *testing.T) {
	sameRoutes(t, surveyOf(t, `package main
import "github.com/go-chi/chi/v5"
func main() {
	r := chi.NewRouter()
	r.Use(logger)
	r.Get("/", home)
	r.Route("/articles", func(r chi.Router) {
		r.With(paginate).Get("/", list)
		r.Post("/", create)
		r.Route("/{id}", func(r chi.Router) {
			r.Use(ctx)
			r.Get("/", get)
		})
	})
	r.Group(func(r chi.Router) {
		r.Use(auth)
		r.Get("/me", me)
	})
	r.Mount("/admin", adminRouter())
	r.Method("GET", "/m", h)
	r.MethodFunc("PUT", "/mf", h)
}
func adminRouter() chi.Router {
	r := chi.NewRouter()
	r.Get("/accounts", accounts)
	return r
}
`), "GET /", "GET /articles/", "POST /articles/", "GET /articles/{id}/", "GET /me", "GET /admin/accounts", "GET /m", "PUT /mf")
}

func TestRoutesOfGin(t *testing.T) {
	sameRoutes(t, surveyOf(t, `package main
import ("github.com/gin-gonic/gin"; "example.com/routes"; "net/http")
func main() {
	r := gin.Default()
	r.GET("version", h)
	v1 := r.Group("/api/v1", auth)
	{
		v1.GET("/items/:id", h)
		v1.Match([]string{"HEAD", http.MethodGet}, "/both", h)
		v1.Handle("POST", "/orders", h)
	}
	r.Group("/user").Use(auth).POST("", h)
	routes.Register(v1.Group("/shop"))
	r.Any("/any", h)
}
`, `package routes
import "github.com/gin-gonic/gin"
func Register(g *gin.RouterGroup) {
	g.GET("/cart", h)
	(&handler{}).register(g)
}
type handler struct{}
func (x *handler) register(g gin.IRouter) { g.DELETE("/cart/:id", x.delete) }
`), "GET /version", "GET /api/v1/items/:id", "GET /api/v1/both", "POST /api/v1/orders", "POST /user", "GET /api/v1/shop/cart", "DELETE /api/v1/shop/cart/:id", "* /any")
}

func TestRoutesOfEcho(t *testing.T) {
	sameRoutes(t, surveyOf(t, `package main
import "github.com/labstack/echo/v4"
type server struct{ e *echo.Echo }
func main() { s := &server{e: echo.New()}; s.routes() }
func (s *server) routes() {
	s.e.GET("/health", h)
	api := s.e.Group("/api")
	api.Use(auth)
	api.Match([]string{echo.GET, echo.POST}, "/search", h)
	api.Add("PUT", "/x", h)
	users := api.Group("/users")
	users.GET("/:id", h)
}
`), "GET /health", "GET /api/search", "PUT /api/x", "GET /api/users/:id")
}

func TestRoutesOfFiber(t *testing.T) {
	sameRoutes(t, surveyOf(t, `package main
import "github.com/gofiber/fiber/v2"
func main() {
	app := fiber.New()
	app.Use("/", static)
	app.Get("/", h)
	api := app.Group("/api")
	api.Route("/v1", func(r fiber.Router) { r.Get("/list", h) })
	micro := fiber.New()
	app.Mount("/john", micro)
	micro.Get("/doe", h)
	early := fiber.New()
	early.Get("/bird", h)
	app.Mount("/up", early)
	app.All("/all", h)
}
`), "GET /", "GET /api/v1/list", "GET /john/doe", "GET /up/bird", "* /all")
}

func TestRoutesOfGorilla(t *testing.T) {
	sameRoutes(t, surveyOf(t, `package main
import ("github.com/gorilla/mux"; "net/http")
func main() {
	r := mux.NewRouter()
	r.HandleFunc("/products", h).Methods("GET", "POST")
	s := r.PathPrefix("/api/").Subrouter()
	s.Path("/v1/{key}").Methods(http.MethodGet).HandlerFunc(h)
	s.HandleFunc("/v1/{key}", h).Methods("DELETE")
	r.PathPrefix("/static/").Handler(http.FileServer(dir))
}
`), "GET /products", "* /api/v1/{key}", "DELETE /api/v1/{key}", "* /static/")
}

func TestAParameterThatIsNoRouterHasNoRoutes(t *testing.T) {
	sameRoutes(t, surveyOf(t, `package main
import "net/http"
func main() { handle(nil, nil) }
func handle(w http.ResponseWriter, r *http.Request) {
	r.Header.Get("/not/a/route")
	r.Form.Get("name")
}
`))
}

func TestRecursionEnds(t *testing.T) {
	sameRoutes(t, surveyOf(t, `package main
import "github.com/go-chi/chi/v5"
func main() { r := chi.NewRouter(); a(r) }
func a(r chi.Router) { r.Get("/a", h); b(r) }
func b(r chi.Router) { r.Route("/b", func(r chi.Router) { a(r) }) }
`), "GET /a")
}

func settingsOf(found survey) []string {
	lines := []string{}
	for _, s := range found.Settings {
		fallback := "?"
		if s.Fallback != nil {
			fallback = *s.Fallback
		}
		lines = append(lines, fmt.Sprintf("%s=%s", s.Name, fallback))
	}
	return lines
}

func TestSettings(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"flag", `import "flag"
var addr = flag.String("addr", ":8080", "address")
func main() { flag.IntVar(&port, "port", 9000, "x") }`, "-addr=:8080 -port=9000"},
		{"flag set", `import "flag"
func main() { fs := flag.NewFlagSet("x", 0); fs.StringVar(&cfg.addr, "listen", DefaultAddr, "x"); fs.Var(newURLs(DefaultURL, ""), "urls", "x") }
const DefaultAddr = "localhost:" + port
const port = "7000"
const DefaultURL = "http://localhost:2379"`, "-listen=localhost:7000 -urls=http://localhost:2379"},
		{"pflag", `import "github.com/spf13/pflag"
func main() { pflag.Int("port", 8080, "x"); cmd.Flags().StringP("address", "a", "localhost:8080", "x") }`, "--port=8080 --address=localhost:8080"},
		{"kingpin", `import "gopkg.in/alecthomas/kingpin.v2"
func main() { kingpin.Flag("listen-address", "where").Default(":9").String() }`, "--listen-address=?"},
		{"urfave", `import "github.com/urfave/cli/v2"
func main() { _ = &cli.StringFlag{Name: "addr", Value: ":8080"} }`, "--addr=:8080"},
		{"getenv", `import "os"
const envPort = "MY_PORT"
func main() { os.Getenv(envPort); os.LookupEnv("LISTEN_ADDR"); getEnv("HTTP_PORT", "8080") }`, "MY_PORT=? LISTEN_ADDR=? HTTP_PORT=8080"},
		{"tags", "type c struct { Port int `env:\"APP_PORT\" envDefault:\"3000\"`; A string `long:\"addr\" default:\":1\"` }\nfunc main() {}", "APP_PORT=3000 --addr=:1"},
		{"envconfig", "import \"github.com/kelseyhightower/envconfig\"\ntype root struct { Web web; Name string }\ntype web struct { Addr string `default:\"0.0.0.0:9000\"` }\nfunc main() { c := &root{}; envconfig.Process(\"inb\", c) }", "INB_WEB_ADDR=0.0.0.0:9000 INB_NAME=?"},
		{"viper", `import "github.com/spf13/viper"
func main() { viper.SetEnvPrefix("app"); viper.SetDefault("server.port", 8080) }`, "APP_SERVER_PORT=8080"},
		{"table of names", `var names = map[string]string{"port": "GOTIFY_SERVER_PORT", "x": "OTHER_THING"}
func main() {}`, "GOTIFY_SERVER_PORT=?"},
	} {
		found := surveyOf(t, "package main\n"+c.source)
		if got := strings.Join(settingsOf(found), " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestListensAndCommands(t *testing.T) {
	found := surveyOf(t, `package main
import ("net/http"; "github.com/spf13/cobra")
func main() {
	_ = &cobra.Command{Use: "serve [flags]"}
	s := &http.Server{Addr: ":8080"}
	http.ListenAndServe("127.0.0.1:9090", nil)
	app.Listen(":3000")
}
`)
	addresses := []string{}
	for _, l := range found.Listens {
		addresses = append(addresses, l.Address)
	}
	if want := []string{":8080", "127.0.0.1:9090", ":3000"}; !slices.Equal(addresses, want) {
		t.Errorf("listens %q, want %q", addresses, want)
	}
	if !slices.Equal(found.Commands, []string{"serve"}) {
		t.Errorf("commands %q", found.Commands)
	}
}
