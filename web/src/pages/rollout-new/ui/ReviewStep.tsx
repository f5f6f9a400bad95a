import { Alert, Card, Checkbox, Group, List, SimpleGrid, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { usePlan, type NewRollout, type Plan } from '@/entities/rollout/api/planRollout';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { rolloutCommand } from '@/entities/rollout/model/command';
import { ExclusionRows } from '@/entities/rollout/ui/ExclusionRows';
import { Problem } from '@/shared/api/problem';
import { formatDuration, formatNumber, percentOf } from '@/shared/lib/format';
import { CopyAsCli, curlLine } from '@/shared/ui/CopyAsCli';
import { Icon } from '@/shared/ui/icons';
import { PageState } from '@/shared/ui/PageState';
import { Bytes } from '@/shared/ui/values';
import { useTexts } from '../i18n';
import { risksOf, type Wish } from '../model/wish';

interface Props {
  wish: Wish;
  body: NewRollout;
  set: (change: Partial<Wish>) => void;
}

/** The server's own dry run: who, in which waves, how many bytes where, how long at least. */
export function ReviewStep({ wish, body, set }: Props) {
  const t = useTexts();
  const query = usePlan(body);
  return (
    <Stack>
      <TextInput
        label={t('review.name')}
        description={t('review.nameHint')}
        maxLength={128}
        maw={480}
        value={wish.title}
        onChange={(event) => set({ title: event.currentTarget.value })}
      />
      {(wish.unsigned || Problem.is(query.error, 'unsigned')) && (
        <Checkbox
          checked={wish.unsigned}
          onChange={(event) => set({ unsigned: event.currentTarget.checked })}
          label={t('review.unsigned')}
          description={t('review.unsignedHint')}
        />
      )}
      <PageState query={query} scope="rollouts:read">
        {(plan) => (
          <Stack>
            <Risks wish={wish} plan={plan} />
            <SimpleGrid cols={{ base: 1, lg: 2 }}>
              <BytesCard plan={plan} />
              <WavesCard plan={plan} />
            </SimpleGrid>
            <KindsCard plan={plan} />
            <ExcludedCard plan={plan} />
          </Stack>
        )}
      </PageState>
      <CopyAsCli command={rolloutCommand(body)} curl={curlLine('POST', '/api/v1/rollouts', body)} />
    </Stack>
  );
}

function Risks({ wish, plan }: { wish: Wish; plan: Plan }) {
  const t = useTexts();
  const risks = risksOf(wish, plan.devices, plan.excluded);
  if (risks.length === 0) return null;
  return (
    <Alert color="orange" icon={<Icon name="warning" />} title={t('review.risks')}>
      <List size="sm">
        {risks.map((risk) => (
          <List.Item key={risk}>{t(`review.risk.${risk}`)}</List.Item>
        ))}
      </List>
    </Alert>
  );
}

function BytesCard({ plan }: { plan: Plan }) {
  const t = useTexts();
  const { devices, gateways, upstream, full_images, per_gateway } = plan.bytes;
  const each = per_gateway.slice(0, MOST_GATEWAYS);
  const rows: [name: string, bytes: number, of?: string][] = [
    [t('review.toDevices'), devices],
    [t('review.toGateways'), gateways],
    ...each.map((one): [string, number, string] => [one.gateway, one.bytes, t('who.takePart', { count: one.devices })]),
    [t('review.upstream'), upstream],
    [t('review.full'), full_images],
  ];
  return (
    <Card withBorder component="section" aria-label={t('review.bytes')}>
      <Group justify="space-between">
        <Title order={2} size="h5">
          {t('review.bytes')}
        </Title>
        {full_images > devices && (
          <Text size="sm" fw={600}>
            {t('review.saved', { percent: percentOf(full_images - devices, full_images) })}
          </Text>
        )}
      </Group>
      <Table verticalSpacing={5}>
        <Table.Tbody>
          {rows.map(([name, value, of]) => (
            <Table.Tr key={name}>
              <Table.Th fw={400} pl={of ? 'xl' : undefined}>
                <bdi>{name}</bdi>
                {of && `, ${of}`}
              </Table.Th>
              <Table.Td ta="right" fw={of ? 400 : 600}>
                <Bytes value={value} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {per_gateway.length > MOST_GATEWAYS && (
        <Text size="xs" c="dimmed">
          {t('review.moreGateways', { count: per_gateway.length - MOST_GATEWAYS })}
        </Text>
      )}
    </Card>
  );
}

function WavesCard({ plan }: { plan: Plan }) {
  const t = useTexts();
  return (
    <Card withBorder component="section" aria-label={t('review.waves')}>
      <Title order={2} size="h5" mb="xs">
        {t('review.waves')}
      </Title>
      {plan.waves.map((wave) => (
        <div key={wave.number}>
          <Text size="sm">
            {t('how.wave', { number: wave.number })}: <b>{t('who.takePart', { count: wave.devices })}</b>
          </Text>
          {wave.sample.length > 0 && (
            <Text size="xs" c="dimmed" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
              {t('review.sample')} {wave.sample.slice(0, 5).join(', ')}
            </Text>
          )}
        </div>
      ))}
      <Text size="sm" mt="xs">
        {plan.shortest_ms > 0
          ? t('review.shortest', { time: formatDuration(plan.shortest_ms) })
          : t('review.shortestNow')}
      </Text>
      {plan.expected_ms !== undefined && (
        <Text size="sm">{t('review.expected', { time: formatDuration(plan.expected_ms) })}</Text>
      )}
    </Card>
  );
}

function KindsCard({ plan }: { plan: Plan }) {
  const t = useTexts();
  if (plan.bytes.per_device.length === 0) return null;
  return (
    <Card withBorder component="section" aria-label={t('review.perDevice')}>
      <Title order={2} size="h5" mb="xs">
        {t('review.perDevice')}
      </Title>
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing={5}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('review.from')}</Table.Th>
              <Table.Th ta="right">{t('review.devices')}</Table.Th>
              <Table.Th ta="right">{t('review.each')}</Table.Th>
              <Table.Th ta="right">{t('review.whole')}</Table.Th>
              <Table.Th>{t('review.way')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {plan.bytes.per_device.map((kind) => (
              <Table.Tr key={`${kind.name} ${kind.from_version} ${kind.plan} ${kind.bytes}`}>
                <Table.Td>
                  {kind.name} <b>{kind.from_version || t('review.nothing')}</b>
                </Table.Td>
                <Table.Td ta="right">{formatNumber(kind.devices)}</Table.Td>
                <Table.Td ta="right" fw={600}>
                  <Bytes value={kind.bytes} />
                </Table.Td>
                <Table.Td ta="right">
                  <Bytes value={kind.full_bytes} />
                </Table.Td>
                <Table.Td>
                  {t(`review.plan.${kind.plan}`)}
                  {kind.layers_reused > 0 && ` · ${t('review.reused', { count: kind.layers_reused })}`}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

const MOST_SHOWN = 100;
const MOST_GATEWAYS = 8;

function ExcludedCard({ plan }: { plan: Plan }) {
  const t = useTexts();
  const words = useRolloutTexts();
  return (
    <Card withBorder component="section" aria-label={t('review.excluded')}>
      <Title order={2} size="h5" mb="xs">
        {t('review.excluded')} {formatNumber(plan.excluded)}
      </Title>
      {plan.excluded === 0 ? (
        <Text size="sm">{t('review.nobodyExcluded')}</Text>
      ) : (
        <>
          <Group gap="lg" mb="xs">
            {Object.entries(plan.excluded_by_reason).map(([reason, count]) => (
              <Text key={reason} size="sm">
                {words(`reason.${reason as 'retired'}`)} <b>{formatNumber(count)}</b>
              </Text>
            ))}
          </Group>
          <div
            style={{ maxHeight: 260, overflowY: 'auto' }}
            tabIndex={0}
            role="region"
            aria-label={t('review.excluded')}
          >
            <Table verticalSpacing={3}>
              <ExclusionRows
                rows={plan.exclusions.slice(0, MOST_SHOWN)}
                name={(device) => <Text size="sm">{device}</Text>}
              />
            </Table>
          </div>
          {plan.excluded > MOST_SHOWN && (
            <Text size="xs" c="dimmed">
              {t('review.first', { count: MOST_SHOWN })}
            </Text>
          )}
        </>
      )}
    </Card>
  );
}
