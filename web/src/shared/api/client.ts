import createClient, { type Middleware } from 'openapi-fetch';
import { Problem } from './problem';
import type { operations, paths } from './schema';

/** What an operation of api/openapi.yaml answers when it succeeds: `Answer<'listDevices'>`. */
export type Answer<Operation extends keyof operations> = operations[Operation] extends { responses: infer Responses }
  ? Json<Responses[keyof Responses & (200 | 201 | 202)]>
  : never;
type Json<Response> = Response extends { content: { 'application/json': infer Body } } ? Body : never;

/** What an operation takes as JSON. */
export type Body<Operation extends keyof operations> = operations[Operation] extends { requestBody?: infer Request }
  ? Json<NonNullable<Request>>
  : never;

let csrf = '';

/** The token that changes of a session need; comes with `getMe`. */
export function setCsrf(token: string | undefined) {
  csrf = token ?? '';
}

export function csrfHeader(): Record<string, string> {
  return csrf ? { 'X-CSRF-Token': csrf } : {};
}

const session: Middleware = {
  onRequest({ request }) {
    if (csrf && request.method !== 'GET') request.headers.set('X-CSRF-Token', csrf);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await Problem.of(response);
  },
  onError({ error }) {
    return Problem.ofNetwork(error);
  },
};

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? '',
  fetch: (request) => globalThis.fetch(request),
});
api.use(session);

/** The body of a call; every refusal has become a thrown `Problem` before. */
export async function take<T>(call: Promise<{ data?: T; response: Response }>): Promise<T> {
  return (await call).data as T;
}
