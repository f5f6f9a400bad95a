/** One event of GET /api/v1/events. */
export interface LiveEvent {
  topic: Topic;
  data: Record<string, unknown>;
}

export type Topic =
  | 'devices'
  | 'telemetry'
  | 'gateways'
  | 'certificates'
  | 'releases'
  | 'artifacts'
  | 'rollouts'
  | 'tiles'
  | 'people'
  | 'audit';

export type LiveState = 'off' | 'connecting' | 'live' | 'reconnecting';

type Listener = { topics: readonly Topic[]; take: (events: LiveEvent[]) => void };
type Open = (url: string) => EventSource;

const BATCH_MS = 200; // events are handed on together: one rendering for many of them
const RETOPIC_MS = 50; // pages mount several listeners at once
const RETRY_MS = [1000, 2000, 5000, 10_000];

/**
 * The one event stream of the tab, with the union of the topics that anybody wants. A stream that breaks goes on
 * after the last event seen; when events were missed (`reload`), `onReload` has everything read again.
 */
export class LiveStream {
  private listeners = new Set<Listener>();
  private watchers = new Set<() => void>();
  private source: EventSource | null = null;
  private openTopics: Topic[] = [];
  private lastId = '';
  private state: LiveState = 'off';
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private retopic: ReturnType<typeof setTimeout> | undefined;
  private flush: ReturnType<typeof setTimeout> | undefined;
  private batch: LiveEvent[] = [];
  private allowed: ReadonlySet<Topic> = new Set();

  constructor(
    private readonly onReload: () => void,
    private readonly open: Open = (url) => new EventSource(url),
  ) {}

  /** Topics that who is signed in may see; empty closes the stream. */
  allow(topics: readonly Topic[]) {
    this.allowed = new Set(topics);
    if (topics.length === 0) this.lastId = '';
    this.scheduleTopics();
  }

  listen(topics: readonly Topic[], take: (events: LiveEvent[]) => void): () => void {
    const listener = { topics, take };
    this.listeners.add(listener);
    this.scheduleTopics();
    return () => {
      this.listeners.delete(listener);
      this.scheduleTopics();
    };
  }

  getState = (): LiveState => this.state;
  watchState = (watcher: () => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  private wanted(): Topic[] {
    const topics = new Set<Topic>();
    for (const listener of this.listeners) {
      for (const topic of listener.topics) if (this.allowed.has(topic)) topics.add(topic);
    }
    return [...topics].sort();
  }

  private scheduleTopics() {
    clearTimeout(this.retopic);
    this.retopic = setTimeout(() => {
      const wanted = this.wanted();
      if (this.allowed.size === 0) this.close('off');
      // Fewer topics than now are no reason to connect again; what nobody listens to is dropped.
      else if (!this.source || wanted.some((topic) => !this.openTopics.includes(topic))) this.connect();
    }, RETOPIC_MS);
  }

  private connect() {
    this.close(this.lastId ? 'reconnecting' : 'connecting');
    if (this.allowed.size === 0) return this.setState('off');
    this.openTopics = this.wanted();
    const query = new URLSearchParams();
    query.set('topics', this.openTopics.join(','));
    if (this.lastId) query.set('last_event_id', this.lastId);
    const source = this.open(`/api/v1/events?${query}`);
    this.source = source;
    source.addEventListener('hello', (event) => {
      const first = !this.lastId;
      this.remember(event);
      this.failures = 0;
      this.setState('live');
      if (first) this.onReload(); // what was read before the stream began may have changed meanwhile
    });
    source.addEventListener('reload', (event) => {
      this.remember(event);
      this.onReload();
    });
    for (const topic of this.openTopics) {
      source.addEventListener(topic, (event) => this.take(topic, event as MessageEvent<string>));
    }
    source.onerror = () => {
      if (this.source !== source) return;
      // The browser's own retry would ask with the address of the beginning.
      this.close('reconnecting');
      const wait = RETRY_MS[Math.min(this.failures++, RETRY_MS.length - 1)];
      this.retry = setTimeout(() => this.connect(), wait);
    };
  }

  private remember(event: Event) {
    const id = (event as MessageEvent).lastEventId;
    if (id) this.lastId = id;
  }

  private take(topic: Topic, event: MessageEvent<string>) {
    this.remember(event);
    try {
      this.batch.push({ topic, data: JSON.parse(event.data) as Record<string, unknown> });
    } catch {
      return; // not ours
    }
    this.flush ??= setTimeout(() => this.deliver(), BATCH_MS);
  }

  private deliver() {
    const batch = this.batch;
    this.batch = [];
    this.flush = undefined;
    for (const { topics, take } of [...this.listeners]) {
      const theirs = batch.filter((event) => topics.includes(event.topic));
      if (theirs.length) take(theirs);
    }
  }

  private close(state: LiveState) {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
    this.setState(state);
  }

  private setState(state: LiveState) {
    if (this.state === state) return;
    this.state = state;
    this.watchers.forEach((watcher) => watcher());
  }
}
