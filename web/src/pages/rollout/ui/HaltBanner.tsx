import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useFailures } from '@/entities/rollout/api/listRolloutParts';
import { gateCause } from '@/entities/rollout/model/cause';
import { haltingWave, judge, waveSpec } from '@/entities/rollout/model/gate';
import { CauseText } from '@/entities/rollout/ui/CauseText';
import { sharesOf } from '@/entities/rollout/model/counts';
import { actionsOf, type Rollout, type RolloutAction } from '@/entities/rollout/model/states';
import { Permitted } from '@/entities/session/Permitted';
import { whoIs } from '@/shared/lib/whoIs';
import { Icon, type IconName } from '@/shared/ui/icons';
import { useTexts as useOrderTexts } from '@/features/rollout-orders/i18n';
import { useTexts } from '../i18n';

const CHOICES: { word: 'retry' | 'resume' | 'abort' | 'rollback'; icon: IconName }[] = [
  { word: 'retry', icon: 'retry' },
  { word: 'resume', icon: 'play' },
  { word: 'abort', icon: 'stop' },
  { word: 'rollback', icon: 'undo' },
];

/** Why it stands still, and the ways on. */
export function HaltBanner({ rollout, onOrder }: { rollout: Rollout; onOrder: (word: RolloutAction) => void }) {
  const t = useTexts();
  if (rollout.state === 'approval') {
    return (
      <Alert color="orange" icon={<Icon name="user" />} title={t('approval.title')}>
        {t('approval.text', { author: whoIs(rollout.author) })}
      </Alert>
    );
  }
  const number = haltingWave(rollout.state, rollout.cause);
  if (number !== null) return <GateBanner rollout={rollout} number={number} onOrder={onOrder} />;
  if (rollout.advance_asked_by) {
    return (
      <Alert color="orange" icon={<Icon name="user" />}>
        {t('advanceAsked', { who: whoIs(rollout.advance_asked_by) })}
      </Alert>
    );
  }
  if (!rollout.cause) return null;
  return (
    <Alert
      color={rollout.state === 'paused' ? 'orange' : 'gray'}
      icon={<Icon name={rollout.state === 'paused' ? 'pause' : 'info'} />}
    >
      <CauseText cause={rollout.cause} />
    </Alert>
  );
}

function GateBanner({
  rollout,
  number,
  onOrder,
}: {
  rollout: Rollout;
  number: number;
  onOrder: (word: RolloutAction) => void;
}) {
  const t = useTexts();
  const orders = useOrderTexts();
  const failures = useFailures(rollout.id).data;
  const wave = rollout.waves?.[number - 1];
  const verdict = wave && judge(wave.counts, waveSpec(rollout.spec, number - 1), wave.accepted_failures);
  const saw = gateCause(rollout.cause ?? '');
  const differs =
    saw && verdict && (verdict.failures !== Number(saw.failures) || verdict.counted !== Number(saw.counted));
  const worst = failures?.items[0];
  const possible = actionsOf(rollout.state, sharesOf(rollout.counts));
  return (
    <Alert color="red" icon={<Icon name="warning" />} title={t('halted.title', { wave: number })} role="alert">
      <Stack gap="sm">
        <Text size="sm">
          {saw ? t('halted.text', saw) : rollout.cause}{' '}
          {differs && t('halted.byNow', { failures: verdict.failures, counted: verdict.counted })} {t('halted.decide')}
        </Text>
        {worst && (
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {t('halted.causes', { cause: worst.example || '–', count: worst.devices })}
          </Text>
        )}
        <Group align="stretch">
          {CHOICES.filter(({ word }) => possible.includes(word)).map(({ word, icon }) => (
            <div key={word} style={{ flex: '1 1 160px' }}>
              <Permitted scope="rollouts:write">
                {(disabled) => (
                  <Button
                    variant={word === 'abort' || word === 'rollback' ? 'default' : 'filled'}
                    size="xs"
                    disabled={disabled}
                    leftSection={<Icon name={icon} size={14} />}
                    onClick={() => onOrder(word)}
                  >
                    {orders(`action.${word}`)}
                  </Button>
                )}
              </Permitted>
              <Text size="xs" mt={4}>
                {t(`halted.${word}`)}
              </Text>
            </div>
          ))}
        </Group>
      </Stack>
    </Alert>
  );
}
