// What the console needs of a server to show one rollout, with as many devices as wanted: the built files, the answers of the interface, and
// the event stream as stratus-server writes it (src/stratus/server/rollout_tiles.cpp: 600 changes an event, four flushes a second).
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html' };
const PER_EVENT = 600;
const EVERY_MS = 250;
const NAMES = { w: 'waiting', q: 'requested', d: 'downloading', i: 'installing', c: 'cancelling', r: 'returning', S: 'success', F: 'failed', T: 'timeout', C: 'cancelled', B: 'rolled_back', R: 'returned' };
const AT = '2026-01-01T00:00:00.000Z';
const ID = '01JD3M7A8Q2Z5V9K4T6W8X0Y1B';

/** A rollout of `devices`, of which `perFlush` differ in every flush: they download by a few percent each, then begin anew. */
export class Rollout {
  constructor(devices, perFlush) {
    this.devices = devices;
    this.perFlush = Math.min(perFlush, devices);
    this.percent = Uint8Array.from({ length: devices }, (_, at) => (at * 37) % 100);
    this.letter = Array.from({ length: devices }, (_, at) => (at % 50 === 0 ? 'S' : 'd'));
    this.next = 0;
    this.revision = 1;
  }

  /** One flush: the data of its events. */
  step() {
    const events = [];
    let changes = [];
    const send = () => {
      if (changes.length) events.push(`{"rollout":"${ID}","changes":[${changes.join(',')}]}`);
      changes = [];
    };
    for (let count = 0; count < this.perFlush; count++) {
      const at = this.next;
      this.next = (this.next + 1) % this.devices;
      if (this.letter[at] === 'd' && this.percent[at] < 97) this.percent[at] += 3;
      else if (this.letter[at] === 'd') this.letter[at] = 'i';
      else if (this.letter[at] === 'i') this.letter[at] = at % 100 === 7 ? 'B' : 'S';
      else [this.letter[at], this.percent[at]] = ['d', 0];
      changes.push(`[${at},"${this.letter[at]}",${this.percent[at]}]`);
      if (changes.length === PER_EVENT) send();
    }
    send();
    return events;
  }

  counts() {
    const counts = Object.fromEntries(Object.values(NAMES).map((name) => [name, 0]));
    for (const letter of this.letter) counts[NAMES[letter]]++;
    const closed = counts.success + counts.rolled_back;
    return { total: this.devices, open: this.devices - closed, closed, ...counts };
  }

  news() {
    const counts = this.counts();
    return { id: ID, title: 'Autumn', state: 'running', author: 'user:ann', wave: 1, waves_total: 1, percent: Math.floor((counts.closed * 100) / this.devices), counts, revision: this.revision++, created_at: AT, changed_at: AT, started_at: AT, contents: [{ name: 'site/app', version: '2', digest: `sha256:${'ab'.repeat(32)}` }] };
  }

  whole() {
    const news = this.news();
    return { ...news, spec: { contents: news.contents, targets: { all: true } }, waves: [{ number: 1, devices: this.devices, percent: news.percent, counts: news.counts, accepted_failures: 0, opened_at: AT }] };
  }

  tiles() {
    const under = [];
    this.letter.forEach((letter, at) => 'qdicr'.includes(letter) && under.push(this.percent[at]));
    return { rollout: ID, event: 'a-1', prefix: 'device-', devices: Array.from({ length: this.devices }, (_, at) => String(at).padStart(6, '0')), states: this.letter.join(''), percents: under };
  }
}

const ME = { kind: 'user', id: 'user:ann', name: 'ann', roles: ['operator'], scopes: ['devices:read', 'rollouts:read', 'rollouts:write', 'releases:read'], csrf: 'c' };
const BYTES = { devices: 1_000_000, gateways: 100_000, upstream: 200_000, full_images: 90_000_000 };

/** Serves `dist` and the rollout on loopback; {url, close}. `sent()`: events and bytes so far. */
export async function serve(dist, rollout) {
  const streams = new Set();
  let number = 0;
  const sent = { events: 0, bytes: 0 };
  const answers = {
    '/api/v1/me': () => ME,
    [`/api/v1/rollouts/${ID}`]: () => rollout.whole(),
    [`/api/v1/rollouts/${ID}/tiles`]: () => rollout.tiles(),
    [`/api/v1/rollouts/${ID}/devices`]: () => ({ items: [] }),
    [`/api/v1/rollouts/${ID}/failures`]: () => ({ items: [] }),
    [`/api/v1/rollouts/${ID}/timeline`]: () => ({ items: [], points: [] }),
    '/api/v1/rollouts/dry-run': () => ({ bytes: BYTES }),
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    if (pathname === '/api/v1/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      response.write('retry: 2000\nid: a-1\nevent: hello\ndata: {}\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
    } else if (pathname.startsWith('/api/')) {
      const answer = answers[pathname];
      response.writeHead(answer ? 200 : 404, { 'Content-Type': answer ? 'application/json' : 'application/problem+json' });
      response.end(JSON.stringify(answer ? answer() : { title: 'not_found', status: 404, code: 'not_found', detail: pathname }));
    } else {
      const file = join(dist, normalize(pathname));
      const path = extname(file) && existsSync(file) ? file : join(dist, 'index.html');
      const packed = existsSync(`${path}.br`) && !path.endsWith('.html');
      response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream', ...(packed && { 'Content-Encoding': 'br' }) });
      if (path.endsWith('.html')) response.end(readFileSync(path, 'utf8').replaceAll('__STRATUS_NONCE__', 'bench'));
      else createReadStream(packed ? `${path}.br` : path).pipe(response);
    }
  });
  const timer = setInterval(() => {
    if (streams.size === 0) return;
    const frames = [...rollout.step().map((data) => ['tiles', data]), ['rollouts', JSON.stringify(rollout.news())]];
    const text = frames.map(([topic, data]) => `id: a-${++number}\nevent: ${topic}\ndata: ${data}\n\n`).join('');
    sent.events += frames.length;
    sent.bytes += text.length;
    for (const stream of streams) stream.write(text);
  }, EVERY_MS);
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    path: `/rollouts/${ID}`,
    sent: () => ({ ...sent }),
    close: () => {
      clearInterval(timer);
      server.closeAllConnections();
      server.close();
    },
  };
}
