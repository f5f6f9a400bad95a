// Measurements lie in the order in which they came. Their index is made of pieces, one for each kPiece rows,
// so that writing touches the newest piece only; reading looks into each piece that may hold what is wanted.
#include <algorithm>
#include <limits>
#include <string>
#include <tuple>

#include "stratus/db/measurements_sql.hpp"
#include "stratus/db/telemetry.hpp"

namespace stratus::db {
namespace {

constexpr std::int64_t kPiece = 65'536;     // as in the index measurements_by_device and in the texts below
constexpr std::int64_t kMostPieces = 64;    // looked into by one statement
constexpr std::int64_t kLeastRead = 1'000;  // rows of a statement: many may have one time
constexpr std::size_t kFew = 200;           // rows of a statement: the next one may look into more pieces
// The server's clock may have been put back, and a device's is believed when it is a little ahead.
constexpr std::int64_t kClockSlack = 86'400'000;

// Of the first row from `id` on; the end of time when there is none.
Result<std::int64_t> received_at(Reader& reader, std::int64_t id) {
  STRATUS_TRY(rows,
              reader.query("SELECT received_ms FROM measurements WHERE id >= $1 ORDER BY id LIMIT 1", {id}));
  return rows.empty() ? std::numeric_limits<std::int64_t>::max() : rows[0].integer(0);
}

struct Pieces {
  std::int64_t first = 0, last = -1;
};

// Those that may hold measurements of `from_ms` and later.
Result<Pieces> pieces_since(Reader& reader, std::int64_t from_ms) {
  STRATUS_TRY(ends, reader.query("SELECT (SELECT id FROM measurements ORDER BY id LIMIT 1), "
                                 "(SELECT id FROM measurements ORDER BY id DESC LIMIT 1)"));
  if (ends[0].is_null(0)) return Pieces{};
  Pieces pieces{ends[0].integer(0) / kPiece, ends[0].integer(1) / kPiece};
  for (std::int64_t end = pieces.last; pieces.first < end;) {
    const std::int64_t middle = pieces.first + (end - pieces.first) / 2;
    STRATUS_TRY(received, received_at(reader, (middle + 1) * kPiece));
    if (received < from_ms - kClockSlack) {
      pieces.first = middle + 1;
    } else {
      end = middle;
    }
  }
  return pieces;
}

bool is_before(const MetricRow& one, const MetricRow& other) {
  return std::tie(one.time_ms, one.kind) < std::tie(other.time_ms, other.kind);
}

// What one request has found so far: the first `limit` of its device, of equal ones the first that came.
class Series {
 public:
  // Of `after_ms` only the kinds after `after_kind`.
  Series(std::string_view device, std::string_view kind, std::int64_t to_ms, std::int64_t limit,
         std::int64_t after_ms, std::string_view after_kind)
      : device_(device), kind_(kind), to_ms_(to_ms), limit_(limit), after_(after_ms, after_kind) {}

  // Answers how many rows it read.
  Result<std::size_t> look_into(Reader& reader, std::int64_t first, std::int64_t last, std::int64_t from_ms) {
    const bool one = first == last;
    const std::int64_t most = std::max(limit_, kLeastRead);
    std::int64_t after_id = -1;
    std::size_t read = 0;
    for (;;) {
      const std::vector<Value> values{first, device_, from_ms, to_ms_, kind_, most, after_id, last};
      STRATUS_TRY(rows, reader.run(one ? kOnePiece : kSeveralPieces, Values(values).first(one ? 7 : 8)));
      for (const Row row : rows) {
        MetricRow next{device_, row.text(1), row.integer(2), row.integer(3), row.text(4)};
        after_id = row.integer(0);
        from_ms = next.time_ms;
        if (std::tie(next.time_ms, next.kind) > after_) found_.push_back(std::move(next));
      }
      const bool is_all = static_cast<std::int64_t>(rows.size()) < most;
      read += rows.size();
      merge();
      // Where equal ones took others' places there may be more.
      if (is_all || from_ms > to_ms_) return read;
    }
  }

  std::vector<MetricRow> take() && { return std::move(found_); }

 private:
  void merge() {
    std::stable_sort(found_.begin(), found_.end(), is_before);
    const auto same = [](const MetricRow& one, const MetricRow& other) { return !is_before(one, other); };
    found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
    if (static_cast<std::int64_t>(found_.size()) < limit_) return;
    found_.resize(static_cast<std::size_t>(limit_));
    to_ms_ = found_.back().time_ms;  // what is later does not count any more
  }

  std::string device_, kind_;
  std::int64_t to_ms_;
  std::int64_t limit_;
  std::tuple<std::int64_t, std::string> after_;
  std::vector<MetricRow> found_;
};

}  // namespace

Result<void> add_metrics(Transaction& transaction, std::span<const MetricRow> rows) {
  // In the index neighbours go in together, which is quicker than back and forth.
  std::vector<const MetricRow*> by_device;
  by_device.reserve(rows.size());
  for (const MetricRow& row : rows) by_device.push_back(&row);
  std::stable_sort(by_device.begin(), by_device.end(),
                   [](const auto* one, const auto* other) { return one->device < other->device; });
  std::vector<Value> values;
  values.reserve(rows.size() * 5);
  for (const MetricRow* const row : by_device) {
    values.emplace_back(row->device);
    values.emplace_back(row->kind);
    values.emplace_back(row->time_ms);
    values.emplace_back(row->received_ms);
    values.emplace_back(row->body);
  }
  return transaction.bulk_insert("measurements", {"device", "kind", "time_ms", "received_ms", "body"},
                                 values);
}

Result<std::vector<MetricRow>> list_metrics(Reader& reader, std::string_view device, std::string_view kind,
                                            std::int64_t from_ms, std::int64_t to_ms, std::int64_t limit,
                                            std::string_view after_kind) {
  STRATUS_TRY(pieces, pieces_since(reader, from_ms));
  Series series(device, kind, to_ms, limit, from_ms, after_kind);
  std::int64_t width = 1;
  for (std::int64_t first = pieces.first; first <= pieces.last;) {
    const std::int64_t last = std::min(first + width - 1, pieces.last);
    STRATUS_TRY(rows, series.look_into(reader, first, last, from_ms));
    // Of several pieces all rows are sorted, of one they come in order.
    width = rows < kFew ? std::min(2 * width, kMostPieces) : 1;
    first = last + 1;
  }
  return std::move(series).take();
}

Result<PrunedPage> prune_metrics(Transaction& transaction, std::int64_t before_ms, std::int64_t after_id,
                                 std::int64_t limit) {
  STRATUS_TRY(ends, transaction.run("SELECT MAX(id) FROM (SELECT id FROM measurements WHERE id > $1 "
                                    "ORDER BY id LIMIT $2) AS page",
                                    {after_id, limit}));
  if (ends[0].is_null(0)) return PrunedPage{};
  PrunedPage page{0, ends[0].integer(0)};
  STRATUS_TRY(pruned,
              transaction.run("DELETE FROM measurements WHERE id > $1 AND id <= $2 AND received_ms < $3",
                              {after_id, page.last_id, before_ms}));
  page.removed = pruned.affected();
  return page;
}

}  // namespace stratus::db
