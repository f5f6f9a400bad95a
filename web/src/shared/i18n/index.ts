import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import { stored } from '../lib/stored';

export type Language = 'en' | 'ko';
export const LANGUAGES: { value: Language; label: string }[] = [
  { value: 'en', label: 'English' },
  { value: 'ko', label: '한국어' },
];

/** The same keys with any texts: `export const ko: Shape<typeof en> = …` does not compile when a key is missing. */
export type Shape<Texts> = { [Key in keyof Texts]: Texts[Key] extends string ? string : Shape<Texts[Key]> };

type Plural<Key extends string> = Key extends `${infer Base}_one` | `${infer Base}_other` ? Base : Key;
type Keys<Texts> = {
  [Key in keyof Texts & string]: Texts[Key] extends string ? Plural<Key> : `${Key}.${Keys<Texts[Key]>}`;
}[keyof Texts & string];

export type Values = Record<string, string | number>;
export type Translate<Texts> = (key: Keys<Texts>, values?: Values) => string;

const language = stored<Language>('stratus.language', navigator.language.startsWith('ko') ? 'ko' : 'en');

void i18next.use(initReactI18next).init({
  lng: language.get(),
  fallbackLng: false,
  resources: {},
  keySeparator: '.',
  interpolation: { escapeValue: false }, // React escapes
  returnEmptyString: true,
});
if (typeof document !== 'undefined') document.documentElement.lang = language.get();

export function currentLanguage(): Language {
  return i18next.language as Language;
}

export function changeLanguage(next: Language) {
  language.set(next);
  document.documentElement.lang = next;
  void i18next.changeLanguage(next);
}

export function useLanguage(): Language {
  useTranslation();
  return currentLanguage();
}

/**
 * The texts of one page or part, in both languages; answers the hook that gives its `t`, and `t` itself for use
 * outside components. Plurals: keys `x_one` and `x_other`, asked as `t('x', { count })`.
 */
export function defineTexts<Texts extends object>(namespace: string, en: Texts, ko: Shape<Texts>) {
  i18next.addResourceBundle('en', namespace, en, true, true);
  i18next.addResourceBundle('ko', namespace, ko, true, true);
  const translate: Translate<Texts> = (key, values) => i18next.t(key, { ...values, ns: namespace }) as string;
  const useTexts = (): Translate<Texts> => {
    useTranslation(namespace);
    return translate;
  };
  return { useTexts, translate };
}
