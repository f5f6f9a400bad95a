import { describe, expect, test } from 'vitest';
import { formatTerm, joinFilters, parseFilter, toggleValue, valuesOf, withValues } from './filter';

const brief = (text: string) =>
  parseFilter(text).map(({ field, operator, values, negated }) => [field, operator, values, negated]);

describe('the filter language', () => {
  test('terms, operators and values', () => {
    expect(brief('region=seoul,busan tag.site=3 text~door seen>1h !active=yes "front desk"')).toEqual([
      ['region', '=', ['seoul', 'busan'], false],
      ['tag.site', '=', ['3'], false],
      ['text', '~', ['door'], false],
      ['seen', '>', ['1h'], false],
      ['active', '=', ['yes'], true],
      ['', '~', ['front desk'], false],
    ]);
  });
  test('negations cancel out', () => {
    expect(brief('!state!=failed')).toEqual([['state', '=', ['failed'], false]]);
  });
  test('quotes, commas in them, and nothing', () => {
    expect(brief('label="a, \\"b\\"",c region=-')).toEqual([
      ['label', '=', ['a, "b"', 'c'], false],
      ['region', '=', [''], false],
    ]);
  });
  test('what is unfinished is kept', () => {
    expect(parseFilter('label="a b')).toHaveLength(1);
    expect(withValues('label="a b', 'region', ['x'])).toContain('label="a b');
  });
});

describe('changing one term', () => {
  test('a facet is ticked and unticked, the rest stays as typed', () => {
    const one = toggleValue('text~door  seen>1h', 'region', 'seoul');
    expect(one).toBe('text~door  seen>1h region=seoul'.replace('  ', ' '));
    const two = toggleValue(one, 'region', 'busan');
    expect(valuesOf(two, 'region')).toEqual(['seoul', 'busan']);
    expect(toggleValue(toggleValue(two, 'region', 'seoul'), 'region', 'busan')).toBe('text~door seen>1h');
  });
  test('a negated term is no ticked facet', () => {
    expect(valuesOf('!region=seoul', 'region')).toEqual([]);
  });
  test('values that need quotes get them', () => {
    expect(formatTerm('tag.site', ['a b', '-', '', 'x"y'])).toBe('tag.site="a b","-",-,"x\\"y"');
    expect(valuesOf(formatTerm('tag.site', ['a b', '-', '', 'x"y']), 'tag.site')).toEqual(['a b', '-', '', 'x"y']);
  });
  test('both hold', () => expect(joinFilters(' a=b ', '', 'c')).toBe('a=b c'));
});
