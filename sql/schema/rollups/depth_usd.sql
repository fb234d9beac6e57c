-- The value of one side of an order book. A function, as a continuous aggregate may hold no subquery.
CREATE OR REPLACE FUNCTION market.depth_usd(prices double precision[], quantities double precision[])
RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    total double precision;
BEGIN
    FOR place IN 1 .. cardinality(prices) LOOP
        total := coalesce(total, 0) + prices[place] * quantities[place];
    END LOOP;
    RETURN total;
END
$$;
COMMENT ON FUNCTION market.depth_usd(double precision[], double precision[]) IS
'Value of one side of an order book, USDT: the sum of price x quantity of its levels; null without levels';
