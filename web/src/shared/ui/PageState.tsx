import { Alert, Button, Center, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Problem } from '../api/problem';
import { problemText, useProblemTexts } from '../api/problemTexts';
import { CopyButton } from './CopyButton';
import { useUiTexts } from './i18n';
import { Icon, type IconName } from './icons';

/** What a refusal says: title by code, the server's own words, the next step, try again, request id. */
export function ProblemAlert({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useUiTexts();
  useProblemTexts();
  const problem = Problem.ofNetwork(error);
  const { title, next } = problemText(problem.code);
  return (
    <Alert
      color={problem.code === 'denied' ? 'orange' : 'red'}
      icon={<Icon name="warning" />}
      title={title}
      role="alert"
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{next}</Text>
        {problem.detail && (
          <Text size="sm" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
            {problem.detail}
          </Text>
        )}
        <Group gap="xs">
          {retry && (
            <Button size="xs" variant="default" leftSection={<Icon name="retry" size={14} />} onClick={retry}>
              {t('tryAgain')}
            </Button>
          )}
          {problem.requestId && <CopyButton value={problem.requestId} label={t('copyRequestId')} />}
          <Text size="xs" c="dimmed">
            {problem.code}
          </Text>
        </Group>
      </Stack>
    </Alert>
  );
}

export function EmptyState({
  icon = 'info',
  title,
  text,
  children,
}: {
  icon?: IconName;
  title: string;
  text?: string;
  children?: ReactNode;
}) {
  return (
    <Center py={48}>
      <Stack align="center" gap="xs" maw={560}>
        <Icon name={icon} size={40} style={{ opacity: 0.6 }} />
        <Title order={2} size="h4" ta="center">
          {title}
        </Title>
        {text && (
          <Text c="dimmed" ta="center">
            {text}
          </Text>
        )}
        {children}
      </Stack>
    </Center>
  );
}

export function Forbidden({ scope }: { scope: string }) {
  const t = useUiTexts();
  return <EmptyState icon="lock" title={t('forbidden')} text={t('forbiddenNext', { scope })} />;
}

export function LoadingRows({ rows = 6 }: { rows?: number }) {
  const t = useUiTexts();
  return (
    <Stack gap="sm" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={28} />
      ))}
    </Stack>
  );
}

interface Props<T> {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'isPending' | 'refetch'>;
  /** Named when the answer is 403. */
  scope?: string;
  loading?: ReactNode;
  isEmpty?: (data: T) => boolean;
  empty?: ReactNode;
  children: (data: T) => ReactNode;
}

/** The four states of a query: skeleton, refused or broken, empty, there. Old data stays shown while it is read again. */
export function PageState<T>({ query, scope, loading, isEmpty, empty, children }: Props<T>) {
  if (query.data === undefined) {
    if (query.error) {
      if (scope && Problem.is(query.error, 'denied')) return <Forbidden scope={scope} />;
      return <ProblemAlert error={query.error} retry={() => void query.refetch()} />;
    }
    return <>{loading ?? <LoadingRows />}</>;
  }
  return (
    <>
      {query.error ? <ProblemAlert error={query.error} retry={() => void query.refetch()} /> : null}
      {isEmpty?.(query.data) ? empty : children(query.data)}
    </>
  );
}
