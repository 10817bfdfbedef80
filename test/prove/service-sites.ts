/** Where faults are planted in services that no one here wrote: in functions that most requests of their scenarios call. */
import type { Site } from './demo-variant.ts';

const HTTPBIN = 'github.com/mccutchen/go-httpbin/v2/httpbin';

export const HTTPBIN_SITES = {
  write: {
    function: `${HTTPBIN}.(*metaResponseWriter).Write`,
    file: 'httpbin/middleware.go',
    after: 'func (mw *metaResponseWriter) Write(b []byte) (int, error) {\n',
    what: 'every answer is written through it',
    fault: 'burn',
  },
  headers: {
    function: `${HTTPBIN}.getRequestHeaders`,
    file: 'httpbin/helpers.go',
    after: 'func getRequestHeaders(r *http.Request, fn headersProcessorFunc) http.Header {\n',
    what: 'two routes of four call it',
    fault: 'burn',
  },
} as const satisfies Record<string, Site>;

const CADDY = 'github.com/caddyserver/caddy/v2/modules/caddyhttp';

export const CADDY_SITES = {
  hidden: {
    function: `${CADDY}/fileserver.fileHidden`,
    file: 'modules/caddyhttp/fileserver/staticfiles.go',
    after: 'func fileHidden(filename string, hide []string) bool {\n',
    what: 'asked for every file',
    fault: 'burn',
  },
  original: {
    function: `${CADDY}.originalRequest`,
    file: 'modules/caddyhttp/server.go',
    after: 'func originalRequest(req *http.Request, urlCopy *url.URL) http.Request {\n',
    what: 'every request',
    fault: 'burn',
  },
} as const satisfies Record<string, Site>;

const PODINFO = 'github.com/stefanprodan/podinfo/pkg/api/http';

export const PODINFO_SITES = {
  json: {
    function: `${PODINFO}.prettyJSON`,
    file: 'pkg/api/http/http.go',
    after: 'func prettyJSON(b []byte) []byte {\n',
    what: 'every answer is indented by it',
    fault: 'burn',
  },
  headers: {
    function: `${PODINFO}.(*Server).echoHeadersHandler`,
    file: 'pkg/api/http/headers.go',
    after: 'func (s *Server) echoHeadersHandler(w http.ResponseWriter, r *http.Request) {\n',
    what: 'one route of three, four requests of ten',
    fault: 'burn',
  },
} as const satisfies Record<string, Site>;
