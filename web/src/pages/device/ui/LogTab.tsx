import { Box, Text } from '@mantine/core';
import { useMemo } from 'react';
import { useDeviceLog } from '@/entities/device/api/deviceParts';
import { MoreButton } from '@/shared/ui/MoreButton';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from '../i18n';
import { logLines } from '../model/log';

const COLORS: Record<string, string> = {
  error: 'red',
  fatal: 'red',
  critical: 'red',
  warning: 'orange',
  warn: 'orange',
};

/** The newest line first; read again every few seconds. */
export function LogTab({ id }: { id: string }) {
  const t = useTexts();
  const query = useDeviceLog(id);
  const lines = useMemo(() => logLines(query.data?.pages.flatMap((page) => page.items) ?? []), [query.data]);
  return (
    <PageState
      query={query}
      scope="devices:read"
      isEmpty={() => lines.length === 0}
      empty={<EmptyState icon="audit" title={t('log.empty')} text={t('log.emptyText')} />}
    >
      {() => (
        <>
          <Box
            role="log"
            aria-label={t('log.label', { device: id })}
            tabIndex={0}
            mah="60vh"
            style={{ overflow: 'auto', border: '1px solid var(--mantine-color-default-border)', borderRadius: 4 }}
            p="xs"
          >
            {lines.map((line) => (
              <div key={line.key} style={{ display: 'grid', gridTemplateColumns: '110px 70px 1fr', gap: 8 }}>
                <Text size="xs" c="dimmed">
                  <TimeText value={line.at} style="short" />
                </Text>
                <Text size="xs" fw={600} c={COLORS[line.level]}>
                  {line.level}
                </Text>
                <Text size="xs" ff="monospace" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                  {line.component && <b>{line.component}: </b>}
                  {line.message}
                </Text>
              </div>
            ))}
          </Box>
          <MoreButton list={query} label={t('log.older')} />
        </>
      )}
    </PageState>
  );
}
