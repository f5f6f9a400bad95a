import { Checkbox, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useOrderRollout, type Order, type OrderWord } from '@/entities/rollout/api/orderRollout';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { orderCommand } from '@/entities/rollout/model/command';
import { sharesOf } from '@/entities/rollout/model/counts';
import type { Rollout } from '@/entities/rollout/model/states';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
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

const TYPE_ABOVE = 1000; // devices; a fleet-wide abort is no slip of the mouse

/** Confirms one order. The toast says what the rollout is afterwards, in the words of the answer. */
export function OrderDialog({ rollout, word, devices, onClose }: Props) {
  const t = useTexts();
  const words = useRolloutTexts();
  const give = useOrderRollout(rollout.id);
  const [reason, setReason] = useState('');
  const [giveBack, setGiveBack] = useState(false);
  const shares = sharesOf(rollout.counts);
  const title = rollout.title || rollout.id;
  const order: Order = { reason: reason || undefined, devices, give_back: (word === 'abort' && giveBack) || undefined };
  const confirm = async () => {
    const now = await give(word, order);
    toastDone(
      now.advance_asked_by && word === 'advance'
        ? t('asked', { title })
        : t('result', { title, state: words(`state.${now.state}`) }),
    );
  };
  const values = {
    author: whoIs(rollout.author),
    underWay: formatNumber(shares.underWay),
    failed: formatNumber(shares.failed),
    count: devices?.length ?? 0,
  };
  return (
    <ConfirmDialog
      opened
      title={`${t(`action.${word}`)} – ${title}`}
      action={t(`action.${word}`)}
      danger={word === 'abort' || word === 'reject' || word === 'cancel'}
      word={word === 'abort' && shares.total > TYPE_ABOVE ? String(shares.total) : undefined}
      command={orderCommand(rollout.id, word, order)}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text size="sm">{t(word === 'retry' && devices ? 'text.retrySome' : `text.${word}`, values)}</Text>
        {word === 'abort' && shares.done > 0 && (
          <Checkbox
            checked={giveBack}
            onChange={(event) => setGiveBack(event.currentTarget.checked)}
            label={t('returnDone', { count: shares.done })}
          />
        )}
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
