/** The body of a request, however the scenario writes it: text, JSON, a file, a form, fields and files. */
import { createHash } from 'node:crypto';
import { type RequestBody, templateParts } from '../model/index.ts';
import { type FileContents, textOf } from './files.ts';
import type { ScenarioInput } from './schema.ts';

type Input = Pick<ScenarioInput['load']['requests'][number], 'headers' | 'body' | 'bodyFile' | 'form' | 'multipart'>;
type Multipart = NonNullable<Input['multipart']>;

export interface Body {
  readonly body: RequestBody | null;
  /** What `content-type` says where the scenario does not; null: nothing. */
  readonly type: string | null;
}

const base64Of = (content: string | Uint8Array): string => Buffer.from(content).toString('base64');

/** Text may hold placeholders; anything else is sent byte for byte. */
const fileBody = (bodyFile: NonNullable<Input['bodyFile']>, contents: FileContents): RequestBody | null => {
  const { file, placeholders } = typeof bodyFile === 'string' ? { file: bodyFile, placeholders: true } : bodyFile;
  const content = contents.get(file);
  if (content === undefined) return null;
  return (placeholders ? textOf(content) : undefined) ?? [{ base64: base64Of(content) }];
};

/** What the author typed is encoded here, its placeholders when they are filled. */
const inForm = (text: string): string =>
  templateParts(text)
    .map((part) => (typeof part === 'string' ? encodeURIComponent(part.toWellFormed()) : `\${${part.placeholder}}`))
    .join('');

const formBody = (form: Readonly<Record<string, string>>): string =>
  Object.entries(form)
    .map(([name, value]) => `${inForm(name)}=${inForm(value)}`)
    .join('&');

interface MultipartPart {
  readonly head: string;
  readonly content: string | { readonly base64: string };
}

const fileName = (path: string): string => path.split('/').at(-1) ?? path;

/** As browsers write it: quotes and line breaks percent-encoded. */
const quoted = (name: string): string => `"${name.replaceAll(/["\r\n]/g, (letter) => encodeURIComponent(letter))}"`;

const partOf = (name: string, field: Multipart[string], contents: FileContents): MultipartPart => {
  const disposition = `Content-Disposition: form-data; name=${quoted(name)}`;
  if (typeof field === 'string') return { head: disposition, content: field };
  const { file, type, filename = fileName(file) } = field;
  return {
    head: `${disposition}; filename=${quoted(filename)}\r\nContent-Type: ${type}`,
    content: { base64: base64Of(contents.get(file) ?? '') },
  };
};

/** The same for the same content, so that both sides and all runs send the same bytes; too long to be in it by chance. */
const boundaryOf = (parts: readonly MultipartPart[]): string =>
  `godyno-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;

const multipartBody = (multipart: Multipart, contents: FileContents): Body => {
  const parts = Object.entries(multipart).map(([name, field]) => partOf(name, field, contents));
  const boundary = boundaryOf(parts);
  const pieces = parts.flatMap(({ head, content }) => [`--${boundary}\r\n${head}\r\n\r\n`, content, '\r\n']);
  return { body: [...pieces, `--${boundary}--\r\n`], type: `multipart/form-data; boundary=${boundary}` };
};

export const bodyOf = (request: Input, contents: FileContents): Body => {
  const { body, bodyFile, form, multipart } = request;
  if (multipart !== undefined) return multipartBody(multipart, contents);
  if (form !== undefined) return { body: formBody(form), type: 'application/x-www-form-urlencoded' };
  if (bodyFile !== undefined) return { body: fileBody(bodyFile, contents), type: null };
  if (body === undefined) return { body: null, type: null };
  return typeof body === 'string' ? { body, type: null } : { body: JSON.stringify(body), type: 'application/json' };
};
