import { Anchor, Badge, Button, Card, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { useFailures } from '@/entities/rollout/api/listRolloutParts';
import type { Rollout } from '@/entities/rollout/model/states';
import { RolloutDeviceBadge } from '@/entities/rollout/ui/badges';
import { Permitted } from '@/entities/session/Permitted';
import { OrderDialog } from '@/features/rollout-orders/OrderDialog';
import { formatNumber } from '@/shared/lib/format';
import { Icon } from '@/shared/ui/icons';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from '../i18n';

/** 312 failures → 2 causes, each with its words, its boards and some of its devices. */
export function FailuresTab({ rollout }: { rollout: Rollout }) {
  const t = useTexts();
  const query = useFailures(rollout.id);
  const [retrying, setRetrying] = useState(false);
  return (
    <PageState
      query={query}
      scope="rollouts:read"
      isEmpty={({ items }) => items.length === 0}
      empty={<EmptyState icon="check" title={t('failures.empty')} text={t('failures.emptyText')} />}
    >
      {({ items }) => (
        <Stack>
          <Group justify="flex-end">
            <Permitted scope="rollouts:write">
              {(disabled) => (
                <Button
                  variant="default"
                  disabled={disabled}
                  leftSection={<Icon name="retry" size={16} />}
                  onClick={() => setRetrying(true)}
                >
                  {t('failures.retry')}
                </Button>
              )}
            </Permitted>
          </Group>
          {items.map((group) => (
            <Card
              key={`${group.content.name}:${group.content.version} ${group.pattern}`}
              withBorder
              component="section"
              aria-label={group.pattern}
            >
              <Group justify="space-between" align="flex-start" mb="xs">
                <Title order={2} size="h5" style={{ overflowWrap: 'anywhere', flex: 1 }}>
                  {group.pattern || t('failures.noCause')}
                </Title>
                <Text fw={700}>{t('failures.group', { count: group.devices })}</Text>
              </Group>
              <Group gap="xs" mb="xs">
                {Object.entries(group.states).map(([state, count]) => (
                  <Group key={state} gap={4}>
                    <RolloutDeviceBadge state={state} />
                    <Text size="xs">{formatNumber(count)}</Text>
                  </Group>
                ))}
                <Text size="xs" c="dimmed">
                  {group.content.name} {group.content.version} · <TimeText value={group.first_at} style="short" /> –{' '}
                  <TimeText value={group.last_at} style="short" />
                </Text>
              </Group>
              {group.example && group.example !== group.pattern && (
                <>
                  <Text size="xs" c="dimmed">
                    {t('failures.example')}
                  </Text>
                  <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                    {group.example}
                  </Code>
                </>
              )}
              <Group gap="lg" mt="xs" align="flex-start">
                <Labelled label={t('failures.hardware')}>
                  {group.hardware.map(({ hardware, devices }) => (
                    <Badge key={hardware} variant="default">
                      {hardware || t('failures.unknownHardware')} {formatNumber(devices)}
                    </Badge>
                  ))}
                </Labelled>
                <Labelled label={t('failures.sample')}>
                  {group.sample.map((device) => (
                    <Anchor key={device} component={Link} to={`/devices/${encodeURIComponent(device)}`} size="sm">
                      {device}
                    </Anchor>
                  ))}
                </Labelled>
              </Group>
            </Card>
          ))}
          {retrying && <OrderDialog rollout={rollout} word="retry" onClose={() => setRetrying(false)} />}
        </Stack>
      )}
    </PageState>
  );
}

function Labelled({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Group gap="xs">{children}</Group>
    </div>
  );
}
