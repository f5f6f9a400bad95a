/** What tables need of a list that is read page by page. */
export interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

export function fetchMore(list: Paged) {
  if (!list.isFetchingNextPage) void list.fetchNextPage();
}

/** For a VirtualTable: the next page comes when the end is near. */
export function endless(list: Paged) {
  return { hasMore: list.hasNextPage, onEndReached: () => fetchMore(list) };
}
