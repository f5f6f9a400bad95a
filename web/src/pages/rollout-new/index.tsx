import { Button, Group, Stack, Stepper } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { useSavedFilters } from '@/entities/device/api/listPlaces';
import { joinFilters } from '@/entities/device/model/filter';
import { useCreateRollout } from '@/entities/rollout/api/createRollout';
import { useOrderRollout } from '@/entities/rollout/api/orderRollout';
import { usePartNames } from '@/entities/rollout/api/partNames';
import { useRollout } from '@/entities/rollout/api/getRollout';
import type { NewRollout } from '@/entities/rollout/api/planRollout';
import type { Rollout } from '@/entities/rollout/model/states';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import { useCan } from '@/entities/session';
import { useUrlParam } from '@/shared/lib/urlState';
import { Icon } from '@/shared/ui/icons';
import { Page } from '@/shared/ui/Page';
import { Forbidden, LoadingRows, ProblemAlert } from '@/shared/ui/PageState';
import { toastDone, toastUndo } from '@/shared/ui/toast';
import { useTexts } from './i18n';
import { hasTargets, rolloutOf, wishOfQuery, wishOfRollout, type Wish } from './model/wish';
import { HowStep } from './ui/HowStep';
import { ReviewStep } from './ui/ReviewStep';
import { WhatStep } from './ui/WhatStep';
import { WhoStep } from './ui/WhoStep';

export default function NewRolloutPage() {
  const t = useTexts();
  const can = useCan();
  const [query] = useSearchParams();
  const clone = query.get('clone');
  if (!can('rollouts:write')) {
    return (
      <Page title={t('title')}>
        <Forbidden scope="rollouts:write" />
      </Page>
    );
  }
  return (
    <Page title={t('title')}>
      {clone ? <Copy id={clone} /> : <Form key="new" initial={wishOfQuery(query)} saved={query.get('saved') ?? ''} />}
    </Page>
  );
}

function Copy({ id }: { id: string }) {
  const { data, error } = useRollout(id);
  if (error) return <ProblemAlert error={error} />;
  return data ? <Form initial={wishOfRollout(data)} saved="" /> : <LoadingRows />;
}

const STEPS = ['what', 'who', 'how', 'review'] as const;

function Form({ initial, saved }: { initial: Wish; saved: string }) {
  const t = useTexts();
  // What a link has answered already is not asked first.
  const [stepText, setStep] = useUrlParam(
    'step',
    initial.parts.length ? (hasTargets(initial) ? 'how' : 'who') : 'what',
  );
  const [wish, setWish] = useState(initial);
  // Accepting what is not signed was said of other parts.
  const set = (change: Partial<Wish>) =>
    setWish((before) => ({ ...before, ...(change.parts && { unsigned: false }), ...change }));
  useSavedFilter(saved, set);
  const body = rolloutOf(wish);
  const reachable = wish.parts.length === 0 ? 0 : hasTargets(wish) ? 3 : 1;
  const step = Math.min(Math.max(0, STEPS.indexOf(stepText as 'what')), reachable);
  const go = (index: number) => setStep(STEPS[Math.max(0, Math.min(reachable, index))]!);
  return (
    <Stack>
      <Stepper active={step} onStepClick={go} size="sm">
        {STEPS.map((one, index) => (
          <Stepper.Step
            key={one}
            label={t(`steps.${one}`)}
            allowStepSelect={index <= reachable}
            completedIcon={<Icon name="check" size={16} />}
          />
        ))}
      </Stepper>
      {step === 0 && <WhatStep wish={wish} set={set} />}
      {step === 1 && <WhoStep wish={wish} set={set} />}
      {step === 2 && <HowStep wish={wish} set={set} />}
      {step === 3 && body && <ReviewStep wish={wish} body={body} set={set} />}
      <Group justify="space-between">
        <Button variant="default" disabled={step === 0} onClick={() => go(step - 1)}>
          {t('back')}
        </Button>
        {step < 3 ? (
          <Button disabled={step >= reachable} onClick={() => go(step + 1)}>
            {t('next')}
          </Button>
        ) : (
          body && <Finish body={body} />
        )}
      </Group>
    </Stack>
  );
}

/** A link may name a saved filter: its text joins what is typed. */
function useSavedFilter(code: string, set: (change: Partial<Wish>) => void) {
  const filters = useSavedFilters().data;
  const done = useRef(false);
  const found = filters?.find((one) => one.code === code);
  useEffect(() => {
    if (!found || done.current) return;
    done.current = true;
    const typed = new URLSearchParams(location.search).get('filter') ?? '';
    set({ who: 'filter', filter: joinFilters(found.filter, typed) });
  }, [found, set]);
}

function Finish({ body }: { body: NewRollout }) {
  const t = useTexts();
  const words = useRolloutTexts();
  const navigate = useNavigate();
  const create = useCreateRollout();
  const order = useOrderRollout();
  const nameOf = usePartNames(body.contents);
  // The server would call a rollout of pictures by their ids.
  const untitled = !body.title && body.contents.some(({ name }) => name === 'content');
  const named = untitled ? { ...body, title: body.contents.map(nameOf).join(', ').slice(0, 128) } : body;
  const [busy, setBusy] = useState<'draft' | 'start' | null>(null);
  const [error, setError] = useState<unknown>(null);
  const make = async (draft: boolean) => {
    setBusy(draft ? 'draft' : 'start');
    setError(null);
    try {
      const made = await create(draft ? { ...named, draft } : named);
      const say = ({ title, id, state }: Rollout) =>
        t('review.started', { title: title || id, state: words(`state.${state}`) });
      if (draft) toastDone(say(made));
      else toastUndo(say(made), async () => toastDone(say(await order(made.id, 'rollback', { give_back: true }))));
      void navigate(`/rollouts/${made.id}`);
    } catch (caught) {
      setError(caught);
      setBusy(null);
    }
  };
  return (
    <Stack gap="xs" align="flex-end">
      {error !== null && <ProblemAlert error={error} />}
      <Group>
        <Button
          variant="default"
          loading={busy === 'draft'}
          disabled={busy === 'start'}
          onClick={() => void make(true)}
        >
          {t('review.draft')}
        </Button>
        <Button
          loading={busy === 'start'}
          disabled={busy === 'draft'}
          leftSection={<Icon name="play" size={16} />}
          onClick={() => void make(false)}
        >
          {t(body.approval ? 'review.ask' : 'review.start')}
        </Button>
      </Group>
    </Stack>
  );
}
