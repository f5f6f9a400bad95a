import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Problem } from '@/shared/api/problem';
import { parseMetrics, withSample, type Sample } from './metrics';

const EVERY_MS = 5000;

async function fetchText(path: string): Promise<string> {
  const response = await fetch(path).catch((error: unknown) => Promise.reject(Problem.ofNetwork(error)));
  if (!response.ok && path !== '/healthz') throw await Problem.of(response);
  return response.text();
}

/** What /metrics says, again and again while the page is open. */
export function useSamples() {
  const [samples, setSamples] = useState<Sample[]>([]);
  const query = useQuery({
    queryKey: ['metrics'],
    queryFn: async () => ({ time: Date.now() / 1000, values: parseMetrics(await fetchText('/metrics')) }),
    refetchInterval: EVERY_MS,
    staleTime: 0,
  });
  const newest = query.data;
  if (newest && samples.at(-1)?.time !== newest.time) setSamples(withSample(samples, newest));
  return { query, samples };
}

/** "ok", and lines that warn. */
export function useHealth() {
  return useQuery({ queryKey: ['healthz'], queryFn: () => fetchText('/healthz'), refetchInterval: 2 * EVERY_MS });
}
