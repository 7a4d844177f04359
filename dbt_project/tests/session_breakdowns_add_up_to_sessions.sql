{{ config(meta={'dagster': {'ref': {'name': 'rpt_session_breakdown'}}}) }}

-- Each dimension holds every session of the timeframe once. Shares, each rounded, sum to 100 give or take half a
-- hundredth a row.
with

dimensions as (

    select
        workspace_id,
        segment_id,
        timeframe,
        dimension,
        count(*) as listed_values,
        sum(sessions) as sessions,
        sum(share) as share_sum,
        count(case when users > sessions then 1 end) as impossible_rows
    from {{ ref('rpt_session_breakdown') }}
    group by workspace_id, segment_id, timeframe, dimension

),

expected_dimensions as (

    select
        sessions.workspace_id,
        sessions.segment_id,
        sessions.timeframe,
        sessions.sessions,
        listed.dimension
    from {{ ref('rpt_sessions') }} as sessions
    cross join (
        values ('length_bucket'), ('device_type'), ('browser'), ('os'), ('country_code')
    ) as listed (dimension)

),

violations as (

    select
        expected_dimensions.workspace_id,
        expected_dimensions.segment_id,
        expected_dimensions.timeframe,
        expected_dimensions.dimension,
        expected_dimensions.sessions as expected_sessions,
        dimensions.sessions,
        dimensions.listed_values,
        dimensions.share_sum
    from expected_dimensions
    left join dimensions
        on expected_dimensions.workspace_id = dimensions.workspace_id
            and expected_dimensions.segment_id = dimensions.segment_id
            and expected_dimensions.timeframe = dimensions.timeframe
            and expected_dimensions.dimension = dimensions.dimension
    where expected_dimensions.sessions <> coalesce(dimensions.sessions, 0)
        or (expected_dimensions.sessions > 0 and dimensions.share_sum is null)
        or 200 * abs(dimensions.share_sum - 100) > dimensions.listed_values
        or dimensions.impossible_rows > 0
        or (expected_dimensions.dimension = 'length_bucket' and coalesce(dimensions.listed_values, 0) <> 6)

)

select * from violations
