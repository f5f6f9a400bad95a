import { Problem } from '@/shared/api/problem';

export interface BulkResult {
  done: number;
  failed: { id: string; problem: Problem }[];
}

const AT_ONCE = 6; // as many connections as a browser gives one host over HTTP/1.1

/**
 * Does `change` for every item, a few at a time. What is refused is kept with its reason and does not stop the others;
 * a server that cannot be reached does. Aborting lets the ones under way end.
 */
export async function runBulk<Item extends { id: string }>(
  items: readonly Item[],
  change: (item: Item) => Promise<unknown>,
  onProgress: (result: Readonly<BulkResult>) => void,
  signal: AbortSignal,
): Promise<BulkResult> {
  const result: BulkResult = { done: 0, failed: [] };
  let next = 0;
  let lost: Problem | null = null;
  const worker = async () => {
    while (next < items.length && !signal.aborted && !lost) {
      const item = items[next++]!;
      try {
        await change(item);
        result.done++;
      } catch (error) {
        const problem = Problem.ofNetwork(error);
        if (problem.status === 0 || problem.code === 'unauthenticated') lost = problem;
        result.failed.push({ id: item.id, problem });
      }
      onProgress(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return result;
}
