/** Prometheus text (version 0.0.4) as `name{labels}` → value. What is no sample is left out. */
export function parseMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (!line || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const value = Number(line.slice(space + 1));
    if (space > 0 && !Number.isNaN(value)) samples.set(line.slice(0, space), value);
  }
  return samples;
}

export interface Sample {
  time: number; // seconds since 1970
  values: Map<string, number>;
}

export const MOST_SAMPLES = 720; // an hour at 5 s

/** The samples with one more; the oldest go. */
export function withSample(samples: Sample[], sample: Sample): Sample[] {
  return [...samples, sample].slice(-MOST_SAMPLES);
}

/** Growth of a counter per second between neighbouring samples; null where the server began anew or it is missing. */
export function rates(samples: Sample[], name: string): (number | null)[] {
  return samples.map((sample, index) => {
    const before = samples[index - 1];
    const now = sample.values.get(name);
    const then = before?.values.get(name);
    if (before === undefined || now === undefined || then === undefined || now < then || sample.time <= before.time)
      return null;
    return (now - then) / (sample.time - before.time);
  });
}

export function gauges(samples: Sample[], name: string): (number | null)[] {
  return samples.map(({ values }) => values.get(name) ?? null);
}
