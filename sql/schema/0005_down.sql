-- Undoes 0005: the audit views.

DROP VIEW audit.trade_lineage, audit.cost_breakdown, audit.slippage, audit.daily_pnl,
    audit.unprotected_positions, audit.veto_funnel, audit.import_summary, audit.data_gaps;
