-- Every finished trial on the market of a study, whatever its own study is called (C135): their ranges overlap, and
-- they share a pair of a venue. Every generated range is a venue of its own, simulated-SEED-START-HASH; ranges of
-- one seed count as one market. Trials of an older version did not store how long they took.
SELECT
    other.run_id,
    other.daily_returns,
    coalesce(
        (other.metrics->>'elapsed_days')::float8, extract(epoch FROM study.data_to - study.data_from) / 86400
    )::float8 AS elapsed_days,
    other.metrics
FROM ml.studies AS asked
JOIN ml.studies AS study ON study.data_from < asked.data_to AND asked.data_from < study.data_to
JOIN ml.trials AS other ON other.study_id = study.study_id
WHERE asked.study_id = %(study_id)s
    AND other.state = 'DONE'
    AND EXISTS (
        SELECT
        FROM jsonb_array_elements_text(asked.specification->'choice'->'instrument_ids') AS one (id)
        CROSS JOIN jsonb_array_elements_text(study.specification->'choice'->'instrument_ids') AS two (id)
        LEFT JOIN market.instruments AS mine ON mine.instrument_id = one.id::smallint
        LEFT JOIN market.instruments AS theirs ON theirs.instrument_id = two.id::smallint
        WHERE one.id = two.id
            OR mine.base = theirs.base AND mine.venue LIKE 'simulated-%%' AND theirs.venue LIKE 'simulated-%%'
            AND split_part(mine.venue, '-', 2) = split_part(theirs.venue, '-', 2)
    );
