import { useRolloutTexts } from '../i18n';
import { gateCause } from '../model/cause';
import { said } from '../model/said';

/** Why a rollout stands, in the reader's language where the server's words are known. */
export function CauseText({ cause }: { cause: string }) {
  const t = useRolloutTexts();
  const gate = gateCause(cause);
  return <>{gate ? t('gateCause', gate) : said(cause)}</>;
}
