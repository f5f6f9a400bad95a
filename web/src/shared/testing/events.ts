import { vi } from 'vitest';

/** An EventSource that says what a test has it say. */
export class FakeSource extends EventTarget {
  static opened: FakeSource[] = [];
  onerror: (() => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    super();
    FakeSource.opened.push(this);
  }
  close() {
    this.closed = true;
  }
  say(type: string, id: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId: id }));
  }
}

export const newestSource = () => FakeSource.opened.at(-1) as FakeSource;

/** From here on the console's streams are FakeSources; none is open yet. */
export function fakeEvents() {
  FakeSource.opened = [];
  vi.stubGlobal('EventSource', FakeSource);
}
