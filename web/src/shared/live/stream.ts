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
  | 'settings'
  | 'people'
  | 'audit';

export type LiveState = 'off' | 'connecting' | 'live' | 'reconnecting';

type Listener = { topics: readonly Topic[]; take: (events: LiveEvent[]) => void };
type Open = (url: string) => EventSource;

const BATCH_MS = 200; // events are handed on together: one rendering for many of them
const RETOPIC_MS = 50; // pages mount several listeners at once
const RETRY_MS = [1000, 2000, 5000, 10_000];

/**
 * The one event stream of the tab, with the union of the topics that anybody wants. It goes on after the last event
 * seen, and for a topic that is new from where the stream was when somebody began to listen to it: what they read
 * since then is at least as new. Only when events were missed (`reload`), or nobody knows from where to go on,
 * `onReload` has everything read again.
 */
export class LiveStream {
  private listeners = new Set<Listener>();
  private watchers = new Set<() => void>();
  private source: EventSource | null = null;
  private openTopics: Topic[] = [];
  private lastId = '';
  private from = ''; // where the newest topics go on, when that is not lastId
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

  /** Topics that who is signed in may see; empty closes the stream. `since`: the event after which reading began. */
  allow(topics: readonly Topic[], since = '') {
    this.allowed = new Set(topics);
    if (topics.length === 0) this.lastId = this.from = '';
    else this.lastId ||= since;
    this.scheduleTopics();
  }

  listen(topics: readonly Topic[], take: (events: LiveEvent[]) => void): () => void {
    const listener = { topics, take };
    this.listeners.add(listener);
    if (topics.some((topic) => this.allowed.has(topic) && !this.openTopics.includes(topic))) this.from ||= this.lastId;
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
      else if (!this.source || !this.carries(wanted)) this.connect();
      else if (this.state === 'live') this.from = ''; // who wanted more has left
    }, RETOPIC_MS);
  }

  private carries(topics: readonly Topic[]): boolean {
    return topics.every((topic) => this.openTopics.includes(topic));
  }

  private connect() {
    this.close(this.lastId ? 'reconnecting' : 'connecting');
    if (this.allowed.size === 0) return this.setState('off');
    this.openTopics = this.wanted();
    const query = new URLSearchParams();
    query.set('topics', this.openTopics.join(','));
    const from = this.from || this.lastId;
    if (from) query.set('last_event_id', from);
    const source = this.open(`/api/v1/events?${query}`);
    this.source = source;
    source.addEventListener('hello', (event) => {
      this.remember(event);
      // Somebody may have begun to listen since the question was sent: their topic goes on from there.
      if (this.carries(this.wanted())) this.from = '';
      this.failures = 0;
      this.setState('live');
      if (!from) this.onReload(); // what was read before the stream began may have changed meanwhile
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
