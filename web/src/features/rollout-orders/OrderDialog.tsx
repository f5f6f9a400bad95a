import { Alert, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useOrderRollout, type Order, type OrderWord } from '@/entities/rollout/api/orderRollout';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { orderCommand } from '@/entities/rollout/model/command';
import { sharesOf } from '@/entities/rollout/model/counts';
import type { Rollout } from '@/entities/rollout/model/states';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { Icon } from '@/shared/ui/icons';
import { formatNumber } from '@/shared/lib/format';
import { whoIs } from '@/shared/lib/whoIs';
import { toastDone } from '@/shared/ui/toast';
import { useTexts } from './i18n';

interface Props {
  rollout: Rollout;
  word: OrderWord;
  /** Only these; otherwise all that the order is about. */
  devices?: string[];
  onClose: () => void;
}

const TYPE_ABOVE = 1000; // devices; what concerns a fleet is no slip of the mouse

/** They end something, or take it back. */
export const DANGEROUS: ReadonlySet<OrderWord> = new Set(['abort', 'rollback', 'reject', 'cancel']);

/** Confirms one order. The toast says what the rollout is afterwards, in the words of the answer. */
export function OrderDialog({ rollout, word, devices, onClose }: Props) {
  const t = useTexts();
  const words = useRolloutTexts();
  const give = useOrderRollout();
  const [reason, setReason] = useState('');
  const shares = sharesOf(rollout.counts);
  const title = rollout.title || rollout.id;
  const order: Order = { reason: reason || undefined, devices, give_back: word === 'rollback' || undefined };
  const confirm = async () => {
    const now = await give(rollout.id, word, order);
    if (now.advance_asked_by && word === 'advance') toastDone(t('asked', { title }));
    else if (now.retried && word === 'retry') toastDone(retriedText(t, title, now.retried));
    else toastDone(t('result', { title, state: words(`state.${now.state}`) }));
  };
  const mayRetry = shares.failed - rollout.refusing;
  const values = {
    author: whoIs(rollout.author),
    underWay: formatNumber(shares.underWay),
    failed: formatNumber(mayRetry),
    done: formatNumber(shares.done),
    count: devices?.length ?? 0,
  };
  return (
    <ConfirmDialog
      opened
      title={`${t(`action.${word}`)} – ${title}`}
      action={t(`action.${word}`)}
      danger={DANGEROUS.has(word)}
      word={(word === 'abort' || word === 'rollback') && shares.total > TYPE_ABOVE ? String(shares.total) : undefined}
      command={orderCommand(rollout.id, word, order)}
      disabled={word === 'retry' && !devices && mayRetry === 0}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text size="sm">{t(word === 'retry' && devices ? 'text.retrySome' : `text.${word}`, values)}</Text>
        {word === 'retry' && <WentBack rollout={rollout} some={devices !== undefined} />}
        <TextInput
          label={t('reason')}
          description={t('reasonHint')}
          maxLength={256}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      </Stack>
    </ConfirmDialog>
  );
}

/** Whom a retry leaves out, and whom it calls later only. `some`: it is about chosen devices, and leaves none of them out. */
function WentBack({ rollout: { counts, refusing }, some }: { rollout: Rollout; some: boolean }) {
  const t = useTexts();
  const resting = (counts['rolled_back'] ?? 0) - refusing;
  if (refusing + resting === 0) return null;
  return (
    <Alert color="orange" icon={<Icon name="undo" />} p="xs">
      {refusing > 0 && <div>{some ? t('refusingSome') : t('refusing', { count: refusing })}</div>}
      {resting > 0 && <div>{some ? t('restingSome') : t('resting', { count: resting })}</div>}
    </Alert>
  );
}

function retriedText(t: ReturnType<typeof useTexts>, title: string, retried: NonNullable<Rollout['retried']>) {
  const said = t('retried', { title, count: retried.devices });
  return retried.left_out > 0 ? `${said} ${t('leftOut', { count: retried.left_out })}` : said;
}
