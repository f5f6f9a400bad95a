/**
 * The filter language of docs/formats/filters.md, as far as the console must understand it: to show what of a filter
 * is chosen in a facet, and to change one term and leave the rest as it was typed. The server says what is wrong.
 */
export interface Term {
  field: string; // "" for a bare word
  operator: string;
  values: string[]; // without quotes; "" is nothing (-)
  negated: boolean;
  text: string; // as it was typed
}

const OPERATORS = ['!=', '!~', '<=', '>=', '=', '~', '<', '>'];
const PLAIN = /^[^\s,"]+$/;

/** Terms in order. What cannot be understood is one term with its text, so that nothing is lost. */
export function parseFilter(text: string): Term[] {
  const terms: Term[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++;
      continue;
    }
    const end = endOfTerm(text, at);
    terms.push(parseTerm(text.slice(at, end)));
    at = end;
  }
  return terms;
}

function endOfTerm(text: string, from: number): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    const c = text[at]!;
    if (quoted && c === '\\') at++;
    else if (c === '"') quoted = !quoted;
    else if (!quoted && /\s/.test(c)) return at;
  }
  return text.length;
}

function parseTerm(text: string): Term {
  const not = text.startsWith('!');
  const body = not ? text.slice(1) : text;
  const field = /^[a-z0-9._-]+/.exec(body)?.[0] ?? '';
  const operator = field ? OPERATORS.find((one) => body.startsWith(one, field.length)) : undefined;
  if (!operator) return { field: '', operator: '~', values: [unquote(body)], negated: not, text };
  const negated = not !== (operator === '!=' || operator === '!~');
  return {
    field,
    operator: operator.replace('!', ''),
    values: splitValues(body.slice(field.length + operator.length)),
    negated,
    text,
  };
}

function splitValues(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let at = 0; at <= text.length; at++) {
    const c = text[at];
    if (quoted && c === '\\') at++;
    else if (c === '"') quoted = !quoted;
    else if (c === undefined || (!quoted && c === ',')) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return parts.map((part) => (part === '-' ? '' : unquote(part)));
}

function unquote(text: string): string {
  return text.startsWith('"')
    ? text.slice(1, text.endsWith('"') && text.length > 1 ? -1 : undefined).replace(/\\(["\\])/g, '$1')
    : text;
}

export function formatValue(value: string): string {
  if (value === '') return '-';
  return PLAIN.test(value) && value !== '-' ? value : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

export function formatTerm(field: string, values: readonly string[]): string {
  return `${field}=${values.map(formatValue).join(',')}`;
}

const isFacet = (term: Term, field: string) => term.field === field && term.operator === '=' && !term.negated;

/** The values that `field=…` of a filter names. */
export function valuesOf(text: string, field: string): string[] {
  return parseFilter(text).find((term) => isFacet(term, field))?.values ?? [];
}

/** The filter with `field` being one of `values`; none: without that term. Other terms stay as they are. */
export function withValues(text: string, field: string, values: readonly string[]): string {
  const terms = parseFilter(text);
  const at = terms.findIndex((term) => isFacet(term, field));
  const texts = terms.map((term) => term.text);
  if (at < 0) return values.length ? [...texts, formatTerm(field, values)].join(' ') : text;
  texts.splice(at, 1, ...(values.length ? [formatTerm(field, values)] : []));
  return texts.join(' ');
}

/** Puts a value into `field=…`, or takes it out when it is there. */
export function toggleValue(text: string, field: string, value: string): string {
  const before = valuesOf(text, field);
  return withValues(text, field, before.includes(value) ? before.filter((one) => one !== value) : [...before, value]);
}

/** Both must hold. */
export function joinFilters(...texts: string[]): string {
  return texts
    .map((text) => text.trim())
    .filter(Boolean)
    .join(' ');
}
