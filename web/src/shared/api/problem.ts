/** A refusal (RFC 9457) or a failure to reach the server. `code` is what texts and branches hang on. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly requestId: string = '',
  ) {
    super(detail || code);
    this.name = 'Problem';
  }

  static async of(response: Response): Promise<Problem> {
    const body: unknown = await response.json().catch(() => null);
    const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
    return new Problem(
      response.status,
      typeof code === 'string' ? code : `status_${response.status}`,
      typeof detail === 'string' ? detail : '',
      response.headers.get('X-Request-Id') ?? '',
    );
  }

  static ofNetwork(error: unknown): Problem {
    if (error instanceof Problem) return error;
    return new Problem(0, 'unreachable', error instanceof Error ? error.message : String(error));
  }

  static is(error: unknown, ...codes: string[]): error is Problem {
    return error instanceof Problem && (codes.length === 0 || codes.includes(error.code));
  }
}
