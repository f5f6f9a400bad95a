import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { Link } from 'react-router';
import { useWhy, type Why } from '@/entities/device/api/explainDevice';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { isRolloutState } from '@/entities/rollout/model/states';
import { CauseText } from '@/entities/rollout/ui/CauseText';
import { Icon } from '@/shared/ui/icons';
import { PageState } from '@/shared/ui/PageState';
import { en, useTexts } from '../i18n';
import { whyDetail } from '../model/why';
import { FactCard } from './Facts';

type Code = keyof typeof en.why.code;

/** The server's decision chain, each step with what helps where it does not hold. */
export function WhyCard({ id }: { id: string }) {
  const t = useTexts();
  const query = useWhy(id);
  return (
    <FactCard title={t('why.title')}>
      <PageState query={query} scope="devices:read">
        {(why) => (
          <Stack gap="xs">
            {why.updated && (
              <Alert color="green" icon={<Icon name="check" />} p="xs">
                {t('why.updated')}
              </Alert>
            )}
            <ol style={{ listStyle: 'none', margin: 0, padding: 0 }}>
              {why.steps.map((step) => (
                <Step key={step.code} step={step} why={why} />
              ))}
            </ol>
          </Stack>
        )}
      </PageState>
    </FactCard>
  );
}

function Step({ step, why }: { step: Why['steps'][number]; why: Why }) {
  const t = useTexts();
  const label = step.code in en.why.code ? t(`why.code.${step.code as Code}`) : step.code;
  const blocks = step.code === why.answer;
  return (
    <li
      style={{
        padding: '4px 8px',
        borderLeft: `3px solid ${step.ok ? 'var(--mantine-color-green-6)' : blocks ? 'var(--mantine-color-red-6)' : 'var(--mantine-color-gray-5)'}`,
        marginBottom: 4,
      }}
    >
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <Icon name={step.ok ? 'check' : blocks ? 'cross' : 'minus'} size={16} style={{ marginTop: 2 }} />
        <div style={{ minWidth: 0 }}>
          <Text size="sm" fw={blocks ? 700 : 500}>
            {label}
            {blocks && ` — ${t('why.blocked')}`}
          </Text>
          <Detail step={step} />
          {blocks && <Fix code={step.code} why={why} />}
        </div>
      </Group>
    </li>
  );
}

function Detail({ step: { code, detail } }: { step: Why['steps'][number] }) {
  const t = useTexts();
  const words = useRolloutTexts();
  const known = whyDetail(detail);
  if (known === 'silent') return null;
  const rollout = code === 'rollout_running' ? /^rollout (.+?) is (\w+)(?:: (.+))?$/s.exec(detail) : null;
  return (
    <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }} title={known?.utc || undefined}>
      {rollout ? (
        <>
          {rollout[1]}: {isRolloutState(rollout[2]!) ? words(`state.${rollout[2]}`) : rollout[2]}
          {rollout[3] && (
            <>
              {' · '}
              <CauseText cause={rollout[3]} />
            </>
          )}
        </>
      ) : known ? (
        t(`why.detail.${known.key}`, known.values)
      ) : (
        detail
      )}
    </Text>
  );
}

const OF_THE_ROLLOUT = new Set<string>(['rollout_running', 'deltas', 'wave', 'window', 'free', 'retry', 'turn']);

function Fix({ code, why }: { code: string; why: Why }) {
  const t = useTexts();
  const link = (to: string, label: string) => (
    <Button
      component={Link}
      to={to}
      size="compact-xs"
      variant="default"
      mt={4}
      rightSection={<Icon name="right" size={12} />}
    >
      {label}
    </Button>
  );
  if (OF_THE_ROLLOUT.has(code) && why.rollout)
    return link(`/rollouts/${encodeURIComponent(why.rollout)}`, t('why.fix.rollout'));
  if (code === 'enrolled' || code === 'certificate') return link('/devices?register=1', t(`why.fix.${code}`));
  if (code === 'target') return link(`/rollouts/new?device=${encodeURIComponent(why.device)}`, t('why.fix.target'));
  if (code === 'outcome' || code === 'runs') {
    return (
      <Anchor component={Link} to="?tab=log" size="xs">
        {t('why.fix.log')}
      </Anchor>
    );
  }
  return null;
}
