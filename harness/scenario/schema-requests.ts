/** A request, of the load and before it. */
import { z } from 'zod';
import { expected, positiveNumber, requestLine, status, text, wholeNumber, word } from './scalars.ts';
import { mapping, texts, yesNo } from './schema-words.ts';

/** Set by the connection engine; a scenario's own value would break the framing of requests. */
const ENGINE_HEADERS = ['content-length', 'transfer-encoding', 'connection'];

const headers = () =>
  z
    .record(
      z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'a header name holds only letters, digits and -' })
        .refine((name) => !ENGINE_HEADERS.includes(name.toLowerCase()), {
          error: 'this header is set by the connection engine; leave it out',
        }),
      text().refine((value) => !/[\r\n\0]/.test(value), { error: 'a header value is one line' }),
      expected('header names with their values such as { accept: text/html }'),
    )
    .prefault({})
    .describe('Request headers.')
    .meta({ example: { 'content-type': 'application/json' }, kind: 'names to text' });

const CAPTURE_NAME = /^(?!(?:n|port|tmp|binary|data|env)$)[A-Za-z_]\w*$/;
const JSON_PATH = /^\$(?:\.[A-Za-z_][\w-]*|\[\d+\]|\["[^"]*"\]|\['[^']*'\])*$/;

const jsonPath = (error = 'expected a JSON path such as "$.token" or "$.items[0].id"') =>
  z.string({ error }).regex(JSON_PATH, { error });

const regex = () =>
  word('a regular expression').refine(isRegex, { error: 'not a regular expression (JavaScript notation)' });

const isRegex = (text: string): boolean => {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
};

const headerName = () => word('a header name').regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, expected('a header name'));

const CAPTURE_EXPECTED =
  'expected a JSON path such as "$.token", { header: Location }, { cookie: sid }, { json: $.url } or, from the body, { regex: "token=(\\w+)" }; the others take a `regex`, too';

const capture = () =>
  z
    .record(
      z.string().regex(CAPTURE_NAME, {
        error: 'a captured name is letters, digits and _, and not n, port, tmp, binary, data or env',
      }),
      z.union(
        [
          jsonPath(CAPTURE_EXPECTED),
          mapping({ header: headerName(), regex: regex().optional() }),
          mapping({ cookie: word('a cookie name'), regex: regex().optional() }),
          mapping({ json: jsonPath(), regex: regex().optional() }),
          mapping({ regex: regex() }),
        ],
        { error: CAPTURE_EXPECTED },
      ),
      expected('names with what to capture'),
    )
    .prefault({})
    .describe(
      'Values to take out of the answer, then `${name}` in later requests: name → a JSON path, `{ header: … }`, `{ cookie: … }`, `{ json: … }` or `{ regex: … }` (of the body); with a `regex` its first group.',
    )
    .meta({ example: { token: '$.token', csrf: { regex: 'csrf" value="([^"]+)' } }, kind: 'names to captures' });

const commonRequest = () => ({
  http: requestLine()
    .describe('Method (GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS) and path.')
    .meta({ example: 'GET /items/${n}?limit=10' }),
  headers: headers(),
  body: z
    .union(
      [z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())],
      expected('text, or a mapping or list to send as JSON'),
    )
    .optional()
    .describe(
      'Text to send as it is, or a mapping or list to send as JSON, then with `content-type: application/json`.',
    )
    .meta({ example: { id: '${n}' }, kind: 'text, mapping or list' }),
  form: z
    .record(z.string(), text(), expected('names with texts'))
    .optional()
    .describe('Fields to send as `application/x-www-form-urlencoded`.')
    .meta({ example: { user: 'ann', password: 'secret' }, kind: 'names to text' }),
  multipart: z
    .record(
      z.string().refine((name) => !/[\r\n\0"]/.test(name), { error: 'a field name is one line without quotes' }),
      z.union(
        [
          text(),
          mapping({
            file: word('a file name').describe('A file beside the scenario, sent byte for byte.'),
            type: word('a media type').prefault('application/octet-stream').describe('Its content-type.'),
            filename: word('a file name').optional().describe('The name to send; left out, that of the file.'),
          }),
        ],
        expected('text or { file: … }'),
      ),
      expected('field names with texts or { file: … }'),
    )
    .optional()
    .describe('Fields and files to send as `multipart/form-data`: text, or `{ file: photo.png, type: image/png }`.')
    .meta({
      example: { title: 'cat ${n}', photo: { file: 'cat.png', type: 'image/png' } },
      kind: 'names to text or files',
    }),
  bodyFile: z
    .union(
      [
        word('a file name'),
        mapping({
          file: word('a file name').describe('A file beside the scenario.'),
          placeholders: yesNo().prefault(true).describe('false: `${…}` in it is text like any other.'),
        }),
      ],
      expected('a file name, or { file: …, placeholders: false }'),
    )
    .optional()
    .describe(
      'A file beside the scenario to send as the body, byte for byte. Where it is UTF-8 text, placeholders are filled in; `{ file: app.js, placeholders: false }` leaves them alone.',
    )
    .meta({ kind: 'text or mapping' }),
  expect: mapping(
    {
      status: z
        .union([z.array(status()).min(1, expected('at least one status')), status().transform((range) => [range])], {
          error: 'expected a status such as 200, "3xx" or "200-204", or a list of them',
        })
        .prefault('2xx')
        .describe('Statuses that count as success: one or a list of `200`, `"3xx"`, `"200-204"`.')
        .meta({ example: [200, 201, '3xx'], kind: 'status or list' }),
      body: mapping({
        contains: z
          .union([texts('text'), text()], expected('text or a list of texts'))
          .transform((value) => (typeof value === 'string' ? [value] : value))
          .optional()
          .describe('Text that is in the body, or a list of texts that all are.')
          .meta({ kind: 'text or list' }),
        matches: regex().optional().describe('A regular expression that the body matches.'),
        json: z
          .record(
            jsonPath(),
            z.unknown().transform((value) => JSON.stringify(value ?? null)),
            expected('JSON paths with values'),
          )
          .optional()
          .describe('JSON path → the value that stands there, numbers to the last digit.')
          .meta({ example: { '$.total': 3 }, kind: 'JSON paths to values' }),
      })
        .optional()
        .describe(
          'What the body must hold. A body that is the last good one byte for byte is not read again; of longer ones than 16 KiB that differ, one in 16 is.',
        ),
    },
    '{ status: 200 }',
  )
    .prefault({})
    .describe('What a good answer is; any other is a failed request.'),
  cookies: yesNo()
    .prefault(true)
    .describe('Whether the cookies of its user go with it. A `cookie` header of its own takes their place.'),
});

const BODIES = ['body', 'bodyFile', 'form', 'multipart'] as const;

type Bodies = { readonly [key in (typeof BODIES)[number]]?: unknown } & {
  readonly headers: Readonly<Record<string, string>>;
};

const checkBodies = (
  request: Bodies,
  context: { addIssue: (issue: { code: 'custom'; path: string[]; message: string }) => void },
): void => {
  const [first, second] = BODIES.filter((key) => request[key] !== undefined);
  if (first !== undefined && second !== undefined) {
    context.addIssue({
      code: 'custom',
      path: [second],
      message: `\`${first}\` and \`${second}\` exclude each other; keep one`,
    });
  }
  const type = Object.keys(request.headers).find((name) => name.toLowerCase() === 'content-type');
  if (request.multipart !== undefined && type !== undefined) {
    context.addIssue({
      code: 'custom',
      path: ['headers', type],
      message: 'leave content-type out: `multipart` sets it, with the boundary',
    });
  }
};

export const request = () =>
  mapping({
    name: word('a name').optional().describe('Name in reports; left out, the `http` line.').meta({ example: 'list' }),
    weight: positiveNumber().prefault(1).describe('Share of this request in the mix, relative to the others.'),
    ...commonRequest(),
    capture: capture().describe(
      'As in `load.prepare`, for the later requests of the same user. The name must be captured in `load.prepare`, too, so that the first request has a value.',
    ),
  }).superRefine(checkBodies);

export const prepareRequest = () =>
  mapping({
    name: word('a name').optional().describe('Name in messages; left out, the `http` line.'),
    ...commonRequest(),
    capture: capture(),
    repeat: wholeNumber(100_000)
      .prefault(1)
      .describe('How often to send it; `${n}` counts from 0. Captures hold the last answer.'),
    side: z
      .enum(['base', 'head'], expected('base or head'))
      .optional()
      .describe(
        'Send it to this side only, where base and head need different ones (a sign-in that the change moves). Both may capture the same name.',
      ),
    once: yesNo()
      .prefault(false)
      .describe('With `load.users`: send it for the first user only; what it captures, all users know.'),
    followRedirects: yesNo()
      .prefault(false)
      .describe('Follow redirects to the service itself; what counts is the last answer. Under load none is followed.'),
  }).superRefine(checkBodies);
